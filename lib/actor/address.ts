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

/** An IPv4 address in canonical form; `undefined` for anything else. Costs less than a look-up in a large map. */
export function parsePlainIPv4(text: string): Address | undefined {
  const value = ipv4Value(text);
  return value === -1 ? undefined : { kind: 'ipv4', value, text };
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
