import type { IncomingMessage } from 'node:http';
import { parseAddress } from './address.js';
import { parseAddressList } from './address-list.js';
import type { AddressList } from './address-list.js';
import { ClientAddressResolver } from './client-address.js';
import type { ClientAddress, ClientAddressOptions } from './client-address.js';

/** Who is who: the client behind a request, and which actors the application exempts or refuses outright. */
export interface ActorPolicyOptions extends ClientAddressOptions {
  /** Addresses, ranges and actors that are never counted, refused or banned. Stronger than `deny` and bans. */
  readonly allow: readonly string[];
  /** Addresses, ranges and actors that are always refused. */
  readonly deny: readonly string[];
}

/** What the lists say of an actor. */
export type Standing = 'allowed' | 'denied' | 'ordinary';

/** Entries are addresses, ranges, or else names of actors. */
class ActorList {
  private readonly ranges: AddressList;
  private readonly actors: ReadonlySet<string>;

  constructor(entries: readonly string[], resolver: ClientAddressResolver) {
    const { list, problems } = parseAddressList(entries);
    this.ranges = list;
    this.actors = new Set(problems.map(({ value }) => resolver.normaliseActor(value)));
  }

  has(actor: string, address: string | undefined): boolean {
    if (this.actors.has(actor)) return true;
    const parsed = address === undefined ? undefined : parseAddress(address);
    return parsed !== undefined && this.ranges.includes(parsed);
  }
}

/** The client of each request and its standing, cached per client. */
export class ActorPolicy {
  private readonly resolver: ClientAddressResolver;
  private readonly allow: ActorList;
  private readonly deny: ActorList;
  private readonly hasLists: boolean;
  private readonly standings = new WeakMap<ClientAddress, Standing>();

  constructor(options: ActorPolicyOptions) {
    this.resolver = new ClientAddressResolver(options);
    this.allow = new ActorList(options.allow, this.resolver);
    this.deny = new ActorList(options.deny, this.resolver);
    this.hasLists = options.allow.length + options.deny.length > 0;
  }

  /** The client that sent a request. Never throws. */
  clientOf(request: IncomingMessage): ClientAddress {
    return this.resolver.resolve(request.socket?.remoteAddress, request.headers['x-forwarded-for']);
  }

  /** What the lists say of a client. */
  standingOfClient(client: ClientAddress): Standing {
    if (!this.hasLists) return 'ordinary';
    let standing = this.standings.get(client);
    if (standing === undefined) {
      standing = this.standingOf(client.actor, client.address);
      this.standings.set(client, standing);
    }
    return standing;
  }

  /** What the lists say of any actor. @param address in full, where the actor is one. */
  standingOf(actor: string, address?: string): Standing {
    if (!this.hasLists) return 'ordinary';
    if (this.allow.has(actor, address)) return 'allowed';
    return this.deny.has(actor, address) ? 'denied' : 'ordinary';
  }

  /** The canonical actor of an address, with or without `ip:`; any other actor as it is. */
  normaliseActor(actor: string): string {
    return this.resolver.normaliseActor(actor);
  }

  /** Whether an actor must never be banned: allowed, a trusted proxy, or nobody in particular. */
  protects(actor: string): boolean {
    const address = actor.startsWith('ip:') ? actor.slice(3) : undefined;
    return this.standingOf(actor, address) === 'allowed' || this.resolver.isProxyActor(actor);
  }
}
