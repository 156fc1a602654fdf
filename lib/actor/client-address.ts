import { BehaviorGuardError } from '../errors/errors.js';
import { ADDRESS_PREFIX, boundedActor } from './custom-actor.js';
import { ipv6Text, parseAddress, parseForwardedAddress, parsePlainIPv4, type Address } from './address.js';
import {
  parseAddressRange,
  parseTrustedProxies,
  type AddressList,
  type AddressRange,
} from './address-list.js';
import { RecentMap } from './recent-map.js';

/** Actor of a peer without an address: a unix socket, or a connection that is already gone. */
export const UNKNOWN_ACTOR = 'ip:unknown';

/** Entries of `X-Forwarded-For` that are looked at, from the right; also the largest useful hop count. */
export const MAX_FORWARDED_ENTRIES = 32;

const MAX_FORWARDED_LENGTH = 2048;
const MAX_CACHED_HEADER_LENGTH = 256;
const CACHE_SIZE = 10_000;
const IPV6_BITS = 128;

/** Who sent a request. */
export interface ClientAddress {
  /** `ip:203.0.113.5`; IPv6 by network: `ip:2001:db8:1:2::/64`. `ip:unknown` without an address. */
  readonly actor: string;
  /** The full address in canonical form; `unknown` without one. */
  readonly address: string;
  /** The address is a trusted proxy's, because nothing usable was forwarded: never ban it. */
  readonly isProxy: boolean;
  /** There was an `X-Forwarded-For`, from a peer that isn't trusted: the proxy setup may be wrong. */
  readonly forwardedIgnored: boolean;
}

/** How client addresses are found. */
export interface ClientAddressOptions {
  /**
   * Whose `X-Forwarded-For` counts. A list of addresses and CIDR ranges (and `unix`, for peers on a unix socket), or
   * the number of proxies in front, 0 to 32. Absent or 0: nobody's. Prefer the list: a number is right only if no client
   * can reach the application by way of fewer proxies.
   */
  readonly trustedProxies?: readonly string[] | number | undefined;
  /** Leading bits of an IPv6 address that make one client, 1 to 128. Default 64, the usual network of one customer. */
  readonly ipv6Prefix?: number | undefined;
}

/** What is known of a peer, whatever it sends. */
interface Peer {
  readonly trusted: boolean;
  readonly direct: ClientAddress;
  /** The same, for a request with a forwarded address that doesn't count. */
  readonly ignoring: ClientAddress;
}

/**
 * Finds the client behind a request. Resolutions are cached (at most 10,000 peers, and 10,000 headers of up to 256
 * characters: about 6 MB at worst), so that the usual request costs one look-up and allocates nothing.
 *
 * It believes what trusted proxies say. If one of them passes on the client's own `X-Forwarded-For` without adding to
 * it, the client chooses its address. With `ipv6Prefix` below 128, all IPv4 clients that a translator (NAT64, SIIT) maps
 * into one IPv6 network are one client.
 */
export class ClientAddressResolver {
  private readonly trusted: AddressList;
  private readonly hops: number;
  private readonly ipv6Prefix: number;
  private readonly unknownPeer: Peer;
  private readonly peers = new RecentMap<Peer>(CACHE_SIZE);
  private readonly forwarded = new RecentMap<ClientAddress | null>(CACHE_SIZE);

  /** @throws {BehaviorGuardError} `ARGUMENT_INVALID`, listing every entry that is not an address or range. */
  constructor({ trustedProxies = [], ipv6Prefix = 64 }: ClientAddressOptions) {
    const byCount = typeof trustedProxies === 'number';
    const { list, unix, problems } = parseTrustedProxies(byCount ? [] : trustedProxies);
    if (problems.length > 0) {
      const lines = problems.map(
        ({ index, value, problem }) => `trustedProxies[${index}]: "${value}" ${problem}`,
      );
      throw new BehaviorGuardError('ARGUMENT_INVALID', lines.join('\n'));
    }
    this.trusted = list;
    this.hops = byCount ? requireInteger('trustedProxies', trustedProxies, 0, MAX_FORWARDED_ENTRIES) : 0;
    this.ipv6Prefix = requireInteger('ipv6Prefix', ipv6Prefix, 1, IPV6_BITS);
    const unknown = { actor: UNKNOWN_ACTOR, address: 'unknown', isProxy: true, forwardedIgnored: false };
    this.unknownPeer = makePeer(unknown, unix || this.hops > 0);
  }

  /**
   * Resolves the client of one request. Never throws.
   *
   * `X-Forwarded-For` is read from the right, if the peer is trusted. With a list of proxies the first address that is
   * not on it is the client. With a count of n, the peer is hop 1 and the nth entry from the right is the client; where
   * there are fewer, the request came by fewer proxies than configured, and the rightmost entry is taken: the peer
   * itself wrote it, while the client may have made up those to its left. An empty or malformed entry ends the reading,
   * as do 32 entries or 2 KB, so that nothing left of what a proxy wrote is ever believed.
   *
   * @param remoteAddress of the socket; `undefined` on a unix socket or a closed connection.
   * @param forwardedFor the header `X-Forwarded-For`, as Node gives it.
   */
  resolve(
    remoteAddress: string | undefined,
    forwardedFor: string | readonly string[] | undefined,
  ): ClientAddress {
    const peer = remoteAddress === undefined ? this.unknownPeer : this.peerAt(remoteAddress);
    if (forwardedFor === undefined || forwardedFor.length === 0) return peer.direct;
    if (!peer.trusted) return peer.ignoring;
    const header = typeof forwardedFor === 'string' ? forwardedFor : forwardedFor.join(',');
    return this.forwardedClient(header) ?? peer.direct;
  }

  /**
   * The actor that an application means: an address, with or without `ip:`, becomes the actor of its clients, canonical
   * and under the IPv6 prefix; a network only if it is such an actor's. Text longer than 256 characters becomes its
   * hash, as in `customActor`. Everything else, `actor:…` included, stays as it is.
   */
  normaliseActor(actor: string): string {
    const range = this.rangeOf(actor);
    if (range !== undefined) return this.actorOf(range.address);
    return boundedActor(actor);
  }

  /**
   * Whether a ban of this actor, in any notation, would hold for a proxy: its network has a trusted address in it, or it
   * is the actor of peers without an address. By hop count no proxy's address is known, so this tells less then.
   */
  isProxyActor(actor: string): boolean {
    const range = this.rangeOf(actor);
    if (range === undefined) return actor === UNKNOWN_ACTOR;
    const { address, prefix } = range;
    const network = address.kind === 'ipv6' ? Math.min(prefix, this.ipv6Prefix) : prefix;
    return this.trusted.overlaps({ address, prefix: network });
  }

  /** The address or the network of one client that an actor names. */
  private rangeOf(actor: string): AddressRange | undefined {
    const text = actor.startsWith(ADDRESS_PREFIX) ? actor.slice(ADDRESS_PREFIX.length) : actor;
    const range = parseAddressRange(text);
    if (typeof range === 'string' || text.trim() !== text) return undefined;
    const { address, prefix } = range;
    if (address.kind === 'ipv4') return prefix === 32 ? range : undefined;
    return prefix === IPV6_BITS || prefix === this.ipv6Prefix ? range : undefined;
  }

  private peerAt(remoteAddress: string): Peer {
    const known = this.peers.get(remoteAddress);
    if (known !== undefined) return known;
    const address = parseAddress(remoteAddress);
    if (address === undefined) return this.unknownPeer;
    const trusted = this.hops > 0 || this.trusted.includes(address);
    const peer = makePeer(this.client(address, trusted), trusted);
    this.peers.set(remoteAddress, peer);
    return peer;
  }

  /** The client that a trusted peer's header names; `null` if it names none. */
  private forwardedClient(header: string): ClientAddress | null {
    // The usual header is read faster than it is found again among ten thousand, and leaves nothing behind.
    const only = parsePlainIPv4(header);
    if (only !== undefined)
      return this.client(only, this.hops > 1 || (this.hops === 0 && this.trusted.includes(only)));
    if (header.length > MAX_CACHED_HEADER_LENGTH) return this.readForwarded(header);
    const known = this.forwarded.get(header);
    if (known !== undefined) return known;
    const client = this.readForwarded(header);
    this.forwarded.set(header, client);
    return client;
  }

  private readForwarded(header: string): ClientAddress | null {
    const tail = header.slice(-MAX_FORWARDED_LENGTH);
    let lastHop: Address | undefined;
    let end = tail.length;
    for (let hop = 1; hop <= MAX_FORWARDED_ENTRIES && end >= 0; hop += 1) {
      const comma = end === 0 ? -1 : tail.lastIndexOf(',', end - 1);
      // The leftmost entry of a cut header may itself be cut: `21.2.3.4` would become `1.2.3.4`.
      if (comma === -1 && tail.length < header.length) break;
      const address = parseForwardedAddress(tail.slice(comma + 1, end));
      if (address === undefined) break;
      if (this.hops > 0 ? hop === this.hops : !this.trusted.includes(address))
        return this.client(address, false);
      if (this.hops === 0 || lastHop === undefined) lastHop = address;
      end = comma;
    }
    return lastHop === undefined ? null : this.client(lastHop, true);
  }

  private client(address: Address, isProxy: boolean): ClientAddress {
    return { actor: this.actorOf(address), address: address.text, isProxy, forwardedIgnored: false };
  }

  private actorOf(address: Address): string {
    if (address.kind === 'ipv4' || this.ipv6Prefix === IPV6_BITS) return ADDRESS_PREFIX + address.text;
    const hostBits = BigInt(IPV6_BITS - this.ipv6Prefix);
    return `${ADDRESS_PREFIX}${ipv6Text((address.value >> hostBits) << hostBits)}/${this.ipv6Prefix}`;
  }
}

function makePeer(direct: ClientAddress, trusted: boolean): Peer {
  return { trusted, direct, ignoring: { ...direct, forwardedIgnored: true } };
}

function requireInteger(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new BehaviorGuardError(
    'ARGUMENT_INVALID',
    `${name} must be an integer from ${least} to ${most}, not ${value}`,
  );
}
