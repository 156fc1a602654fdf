import { type Address, parseAddress } from './address.js';

const BITS = { ipv4: 32, ipv6: 128 } as const;
const MAPPED_BITS = 96;

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
      // A loop, for this is asked of most requests.
      for (const { prefix, keys } of this.ipv4) if (keys.has(ipv4Key(address.value, prefix))) return true;
      return false;
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
