import { ClientUse } from './client-use.js';
import type { Client } from './clients.js';

/** Routes told apart while reading; when there are more, the less asked for half goes to the others. */
const MOST_ROUTES = 1000;
const KEPT_ROUTES = 500;
const MOST_SAMPLING = 31;

/** The name under which the requests of routes beyond the limit are. */
export const OTHER_ROUTES = '(other routes)';
/** The name under which all requests are, whatever the route. */
export const ALL_ROUTES = '(all routes)';

/** How clients use one route. */
export interface RouteUse {
  readonly route: string;
  requests: number;
  readonly clients: Map<string, ClientUse>;
}

/** How much is held in memory. */
export interface RouteTableLimits {
  /** Pairs of client and route; default 200,000. */
  readonly pairs: number;
  /** Points of time in all of them; default 2,000,000. */
  readonly points: number;
}

/**
 * How often each client uses each route, within sliding windows. Bounded: when there are too many clients, every second one
 * (by its hash, so the same ones on every route and in every run) is left out from then on, again and again if it must be.
 */
export class RouteTable {
  readonly all: RouteUse = { route: ALL_ROUTES, requests: 0, clients: new Map() };
  private readonly other: RouteUse = { route: OTHER_ROUTES, requests: 0, clients: new Map() };
  private readonly routes = new Map<string, RouteUse>();
  private sampling = 0;
  private pairs = 0;
  private points = 0;

  constructor(
    /** Ascending. */
    readonly windowsMs: readonly number[],
    private readonly limits: RouteTableLimits = { pairs: 200_000, points: 2_000_000 },
  ) {}

  /** One client in so many is looked at: 1, 2, 4, … */
  get oneIn(): number {
    return 2 ** this.sampling;
  }

  /** @param route method and grouped path. @param nowMs never decreases. */
  add(route: string, client: Client, nowMs: number): void {
    const use = this.routes.get(route) ?? this.entered(route);
    use.requests++;
    this.all.requests++;
    if (!this.isSampled(client.hash)) return;
    this.count(this.all, client, nowMs);
    this.count(use, client, nowMs);
    if (this.pairs > this.limits.pairs || this.points > this.limits.points) this.sampleLess();
  }

  /** The `most` routes with most requests, then what remains of the others as one, if anything does. */
  top(most: number): RouteUse[] {
    const sorted = byRequests(this.routes.values());
    const other: RouteUse = { route: OTHER_ROUTES, requests: 0, clients: new Map() };
    for (const use of [this.other, ...sorted.slice(most)]) joinInto(other, use, this.windowsMs);
    return other.requests === 0 ? sorted : [...sorted.slice(0, most), other];
  }

  private isSampled(hash: number): boolean {
    return (hash & (this.oneIn - 1)) === 0;
  }

  private entered(route: string): RouteUse {
    if (this.routes.size >= MOST_ROUTES) this.dropRoutes();
    const use = { route, requests: 0, clients: new Map<string, ClientUse>() };
    this.routes.set(route, use);
    return use;
  }

  /** O(pairs of the routes dropped): scanners make many routes. */
  private dropRoutes(): void {
    const { other } = this;
    for (const use of byRequests(this.routes.values()).slice(KEPT_ROUTES)) {
      this.routes.delete(use.route);
      this.pairs -= use.clients.size + other.clients.size;
      for (const { points } of use.clients.values()) this.points -= points;
      joinInto(other, use, this.windowsMs);
      this.pairs += other.clients.size;
    }
  }

  private count(use: RouteUse, { actor, hash }: Client, nowMs: number): void {
    let ofClient = use.clients.get(actor);
    if (!ofClient) {
      ofClient = new ClientUse(this.windowsMs, hash);
      use.clients.set(actor, ofClient);
      this.pairs++;
    }
    this.points -= ofClient.points;
    ofClient.add(nowMs);
    this.points += ofClient.points;
  }

  private sampleLess(): void {
    if (this.sampling >= MOST_SAMPLING) return;
    this.sampling++;
    for (const use of this.uses()) {
      for (const [actor, ofClient] of use.clients)
        if (!this.isSampled(ofClient.hash)) use.clients.delete(actor);
    }
    this.recount();
  }

  private recount(): void {
    this.pairs = 0;
    this.points = 0;
    for (const { clients } of this.uses()) {
      this.pairs += clients.size;
      for (const { points } of clients.values()) this.points += points;
    }
  }

  private uses(): RouteUse[] {
    return [this.all, this.other, ...this.routes.values()];
  }
}

function byRequests(uses: Iterable<RouteUse>): RouteUse[] {
  return [...uses].sort((a, b) => b.requests - a.requests || (a.route < b.route ? -1 : 1));
}

function joinInto(target: RouteUse, use: RouteUse, windowsMs: readonly number[]): void {
  target.requests += use.requests;
  for (const [actor, ofClient] of use.clients) {
    const known = target.clients.get(actor) ?? new ClientUse(windowsMs, ofClient.hash);
    target.clients.set(actor, known);
    known.merge(ofClient);
  }
}
