import type { Ban, BanChange } from '../storage/storage.js';

/** Places (an actor on a route, or on all) that are remembered. */
const MOST_PLACES = 100_000;

/**
 * Bans and liftings that the storage has yet to be told of, oldest first: the newest of each place (an actor on a route, or
 * on all routes). Bounded at 100,000 places; what is oldest is dropped then, and never reaches the storage. About 300 bytes
 * each.
 */
export class BanJournal {
  private readonly changes = new Map<string, BanChange>();
  private warned = false;

  /** @param onFull called at the first change that is dropped, once until the journal is empty again. */
  constructor(private readonly onFull: (places: number) => void) {}

  /** Places with a change. */
  get size(): number {
    return this.changes.size;
  }

  /** Adds a change in place of an older one. */
  add(change: BanChange): void {
    const { actor, route } = change.kind === 'banned' ? change.ban : change;
    const place = placeOf(actor, route);
    this.changes.delete(place);
    if (this.changes.size >= MOST_PLACES) this.dropOldest();
    this.changes.set(place, change);
  }

  /** Whether a ban is older than what is noted of its place (or is the one noted), so that it holds no longer. */
  hides(ban: Ban): boolean {
    if (this.changes.size === 0) return false;
    const change = this.changes.get(placeOf(ban.actor, ban.route));
    return change !== undefined && timeOf(change) >= ban.since;
  }

  /** Whether the journal holds this very ban. */
  holds(ban: Ban): boolean {
    const change = this.changes.get(placeOf(ban.actor, ban.route));
    return change?.kind === 'banned' && change.ban.since === ban.since && change.ban.until === ban.until;
  }

  /** The oldest changes, at most `count`. They stay until they are removed. */
  oldest(count: number): BanChange[] {
    const batch: BanChange[] = [];
    for (const change of this.changes.values()) {
      if (batch.length >= count) break;
      batch.push(change);
    }
    return batch;
  }

  /** Removes a change, unless a newer one of its place has come meanwhile. */
  remove(change: BanChange): void {
    const { actor, route } = change.kind === 'banned' ? change.ban : change;
    const place = placeOf(actor, route);
    if (this.changes.get(place) === change) this.changes.delete(place);
    if (this.changes.size === 0) this.warned = false;
  }

  /** Forgets what is noted of a place. */
  forget(actor: string, route: string | undefined): void {
    this.changes.delete(placeOf(actor, route));
  }

  private dropOldest(): void {
    for (const place of this.changes.keys()) {
      this.changes.delete(place);
      break;
    }
    if (this.warned) return;
    this.warned = true;
    this.onFull(MOST_PLACES);
  }
}

function timeOf(change: BanChange): number {
  return change.kind === 'banned' ? change.ban.since : change.at;
}

/** A key of an actor on a route, or on all: unambiguous whatever characters an actor has, for its length goes first. */
export function placeOf(actor: string, route: string | undefined): string {
  return route === undefined ? `${actor.length}:${actor}` : `${actor.length}:${actor}/${route}`;
}
