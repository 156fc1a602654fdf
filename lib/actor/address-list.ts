import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An IP address in canonical form. An IPv4-mapped IPv6 address is its IPv4. Zones are dropped. */
export type Address =
  | { readonly kind: 'ipv4'; /** 32 bits. */ readonly value: number; readonly text: string }
  | {
      readonly kind: 'ipv6';
      /** 128 bits. */ readonly value: bigint;
      /** By RFC 5952. */ readonly text: string;
    };

/** Longest address that is parsed: 45 characters and a zone. Bounds the work on hostile input. */
export const MAX_ADDRESS_LENGTH = 128;

const BITS = { ipv4: 32, ipv6: 128 } as const;
const MAPPED_BITS = 96;

/**
 * Parses an IPv4 or IPv6 address, strictly: four decimal parts without leading zeros, so that neither `1` nor `010.0.0.1`
 * nor `0x7f.1` is one. A zone (`%eth0`) is allowed on IPv6 and dropped. No brackets, ports or blanks.
 *
 * @returns `undefined` for anything else; never throws.
 */
export function parseAddress(text: string): Address | undefined {
  const value = ipv4Value(text);
  if (value !== -1) return { kind: 'ipv4', value, text };
  if (text.length > MAX_ADDRESS_LENGTH) return undefined;
  const zone = text.indexOf('%');
  const bare = zone === -1 ? text : text.slice(0, zone);
  if (!isIPv6(bare)) return undefined;
  const parsed = ipaddr.IPv6.parse(withoutDottedTail(bare));
  return parsed.isIPv4MappedAddress() ? fromIPv4(parsed.toIPv4Address()) : fromIPv6(parsed);
}

/** Whether a text is an IPv4 address in canonical form. Costs less than looking it up in a large map. */
export function isPlainIPv4(text: string): boolean {
  return ipv4Value(text) !== -1;
}

/**
 * The 32 bits of an IPv4 address in canonical form, or -1. By hand, since it is what most requests bring; and the library
 * also accepts octal, hexadecimal and shortened forms, which different programs read differently.
 */
function ipv4Value(text: string): number {
  if (text.length < 7 || text.length > 15) return -1;
  let value = 0;
  let part = -1;
  let parts = 1;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit >= 0 && digit <= 9) {
      // A part that begins with 0 ends with it.
      if (part === 0) return -1;
      part = part === -1 ? digit : part * 10 + digit;
      if (part > 255) return -1;
    } else {
      if (digit !== DOT || part === -1 || parts === 4) return -1;
      value = value * 256 + part;
      part = -1;
      parts++;
    }
  }
  return part === -1 || parts !== 4 ? -1 : value * 256 + part;
}

const DOT = '.'.charCodeAt(0) - 48;

/** IPv6 in brackets, with or without a port. */
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/;

/**
 * Parses an address as proxies write it into `X-Forwarded-For`: blanks, double quotes, brackets and a port are tolerated.
 *
 * @returns `undefined` for anything else, such as `unknown` or a host name.
 */
export function parseForwardedAddress(entry: string): Address | undefined {
  const trimmed = entry.trim();
  const value = ipv4Value(trimmed);
  if (value !== -1) return { kind: 'ipv4', value, text: trimmed };
  const text = /^".*"$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
  const bare = BRACKETED.exec(text) ?? IPV4_WITH_PORT.exec(text);
  return parseAddress(bare === null ? text : bare[1]);
}

/** The canonical text (RFC 5952) of a 128-bit value. */
export function ipv6Text(value: bigint): string {
  const parts = Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(112 - 16 * index)) & 0xffffn),
  );
  return new ipaddr.IPv6(parts).toString();
}

function fromIPv4(parsed: ipaddr.IPv4): Address {
  const value = parsed.octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { kind: 'ipv4', value, text: parsed.toString() };
}

function fromIPv6(parsed: ipaddr.IPv6): Address {
  const value = parsed.parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
  return { kind: 'ipv6', value, text: parsed.toString() };
}

/** Writes `::1.2.3.4` as `::102:304`: the library takes that one notation for an IPv4-mapped address. */
function withoutDottedTail(text: string): string {
  if (!text.includes('.')) return text;
  const begin = text.lastIndexOf(':') + 1;
  const [a, b, c, d] = ipaddr.IPv4.parse(text.slice(begin)).octets;
  return `${text.slice(0, begin)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** One entry of a configured list that is neither an address nor a range. */
export interface AddressProblem {
  /** Position in the list, from 0. */
  readonly index: number;
  /** The entry as written. */
  readonly value: string;
  /** What is wrong and what is accepted. */
  readonly problem: string;
}

/** All ranges of one prefix length, keyed by the bits of their prefix. */
interface PrefixGroup<Bits> {
  readonly prefix: number;
  readonly keys: Set<Bits>;
}

/**
 * A set of addresses and ranges. A look-up takes one step per distinct prefix length, however many entries there are.
 * IPv4 ranges hold IPv4-mapped addresses too; an IPv6 range such as `::/0` holds no IPv4.
 */
export class AddressList {
  private readonly ipv4: PrefixGroup<number>[] = [];
  private readonly ipv6: PrefixGroup<bigint>[] = [];

  /** @param ranges as parsed by `parseAddressList`, the only way to make a list. */
  constructor(ranges: readonly AddressRange[]) {
    for (const { address, prefix } of ranges) {
      if (address.kind === 'ipv4') groupOf(this.ipv4, prefix).keys.add(ipv4Key(address.value, prefix));
      else groupOf(this.ipv6, prefix).keys.add(ipv6Key(address.value, prefix));
    }
  }

  /** Whether the address, in any notation that `parseAddress` reads, is in the list. `false` for other text. */
  contains(address: string): boolean {
    const parsed = this.isEmpty ? undefined : parseAddress(address);
    return parsed !== undefined && this.includes(parsed);
  }

  /** Whether the parsed address is in the list. */
  includes(address: Address): boolean {
    if (address.kind === 'ipv4') {
      return this.ipv4.some(({ prefix, keys }) => keys.has(ipv4Key(address.value, prefix)));
    }
    return this.ipv6.some(({ prefix, keys }) => keys.has(ipv6Key(address.value, prefix)));
  }

  /** Whether an address of the range is in the list. Looks at every entry: not for the path of a request. */
  overlaps({ address, prefix }: AddressRange): boolean {
    if (address.kind === 'ipv4') {
      return this.ipv4.some((group) => {
        const common = Math.min(prefix, group.prefix);
        const wanted = ipv4Key(address.value, common);
        return [...group.keys].some((key) => Math.floor(key / 2 ** (group.prefix - common)) === wanted);
      });
    }
    return this.ipv6.some((group) => {
      const common = Math.min(prefix, group.prefix);
      const wanted = ipv6Key(address.value, common);
      return [...group.keys].some((key) => key >> BigInt(group.prefix - common) === wanted);
    });
  }

  /** Whether the list has no entries. */
  get isEmpty(): boolean {
    return this.ipv4.length === 0 && this.ipv6.length === 0;
  }
}

function groupOf<Bits>(groups: PrefixGroup<Bits>[], prefix: number): PrefixGroup<Bits> {
  let group = groups.find((candidate) => candidate.prefix === prefix);
  if (group === undefined) groups.push((group = { prefix, keys: new Set() }));
  return group;
}

function ipv4Key(value: number, prefix: number): number {
  return Math.floor(value / 2 ** (BITS.ipv4 - prefix));
}

function ipv6Key(value: bigint, prefix: number): bigint {
  return value >> BigInt(BITS.ipv6 - prefix);
}

/** An address and how many of its leading bits count. */
export interface AddressRange {
  readonly address: Address;
  /** 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly prefix: number;
}

/**
 * Parses `address` or `address/prefix`; bits behind the prefix are ignored. An IPv4-mapped range (`::ffff:10.0.0.0/104`)
 * becomes the IPv4 range. Blanks around it are allowed.
 *
 * @returns the range, or what is wrong with it.
 */
export function parseAddressRange(value: string): AddressRange | string {
  const text = value.trim();
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) {
    return 'is not an IP address or range; expected for example `203.0.113.7`, `10.0.0.0/8` or `2001:db8::/32`';
  }
  const bits = BITS[address.kind];
  if (slash === -1) return { address, prefix: bits };
  // A mapped address was written with 128 bits, of which the first 96 say that it is IPv4.
  const least = address.kind === 'ipv4' && text.includes(':') ? MAPPED_BITS : 0;
  const digits = text.slice(slash + 1);
  const prefix = /^\d{1,3}$/.test(digits) ? Number(digits) : NaN;
  if (prefix >= least && prefix <= least + bits) return { address, prefix: prefix - least };
  return `has no valid prefix length; expected ${least} to ${least + bits} after the slash`;
}

/** Compiles a configured list, collecting every entry that is not an address or range instead of throwing. */
export function parseAddressList(entries: readonly string[]): {
  /** The valid entries. */
  readonly list: AddressList;
  /** The others, in the order of the list. */
  readonly problems: readonly AddressProblem[];
} {
  const ranges: AddressRange[] = [];
  const problems: AddressProblem[] = [];
  entries.forEach((value, index) => {
    const range = parseAddressRange(String(value));
    if (typeof range === 'string') problems.push({ index, value: String(value), problem: range });
    else ranges.push(range);
  });
  return { list: new AddressList(ranges), problems };
}

/** Entry of `trustedProxies` for peers that connect over a unix socket. */
const UNIX_SOCKET = 'unix';

/** Compiles a list of trusted proxies, in which `unix` is allowed beside addresses and ranges. */
export function parseTrustedProxies(entries: readonly string[]): {
  readonly list: AddressList;
  /** Whether peers on a unix socket are trusted. */
  readonly unix: boolean;
  readonly problems: readonly AddressProblem[];
} {
  const { list, problems } = parseAddressList(entries);
  return {
    list,
    unix: entries.includes(UNIX_SOCKET),
    problems: problems.filter(({ value }) => value !== UNIX_SOCKET),
  };
}
