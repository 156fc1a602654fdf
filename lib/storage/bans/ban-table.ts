import type { Ban } from '../storage.js';
import { DeadlineHeap, type Deadline } from './deadline-heap.js';
import type { Sweepable } from '../sweeper.js';

/** A ban that no longer holds. */
export interface EndedBan {
  readonly ban: Ban;
  readonly how: 'expired' | 'lifted';
}

/** What is kept of one actor. */
class ActorBans {
  general: Ban | undefined;
  /** By route. */
  routes: Map<string, Ban> | undefined;
  offences = 0;
  /** When the offences are forgotten, in milliseconds since the epoch. */
  forgetAtMs = 0;

  constructor(readonly actor: string) {}

  all(): Ban[] {
    const routes = this.routes ? [...this.routes.values()] : [];
    return this.general ? [this.general, ...routes] : routes;
  }
}

/** The end of a ban or, without one, the time to look whether an actor's offences are forgotten. */
interface TableDeadline extends Deadline {
  readonly entry: ActorBans;
  readonly ban: Ban | undefined;
}

/** Deadlines worked off in one go. */
const DEADLINES_PER_SWEEP = 1_000;
/** Wait before the next go where there were more. */
const SWEEP_PAUSE_MS = 10;
/** Entries compared when the table is full. */
const EVICTION_CANDIDATES = 8;
/** Superseded deadlines tolerated before they are cleared out. */
const DEADLINE_SLACK = 1_000;

/**
 * Bans and remembered offences, by actor. Bounded; finding a ban is one look-up in a Map, and nothing at all while there are
 * none.
 */
export class BanTable implements Sweepable {
  /** Bans that have ended since they were last taken from here. */
  readonly ended: EndedBan[] = [];
  private readonly entries = new Map<string, ActorBans>();
  private readonly deadlines = new DeadlineHeap<TableDeadline>();
  private deadlineLimit = DEADLINE_SLACK;
  private clockHand: Iterator<ActorBans> = this.entries.values();

  constructor(private readonly maxEntries: number) {}

  /** Actors with a ban or a remembered offence. */
  get size(): number {
    return this.entries.size;
  }

  /** When `sweep` has something to do, in milliseconds since the epoch; `Infinity`: never. */
  get dueMs(): number {
    return this.deadlines.firstMs;
  }

  /** The ban that holds for an actor at `nowMs`, general or on this route; of two, the one that ends later. */
  find(actor: string, route: string | undefined, nowMs: number): Ban | undefined {
    if (this.entries.size === 0) return undefined;
    const entry = this.entries.get(actor);
    if (entry === undefined) return undefined;
    let found = entry.general;
    if (found !== undefined && nowMs >= found.until) found = undefined;
    if (entry.routes === undefined || route === undefined) return found;
    const local = entry.routes.get(route);
    if (local === undefined || nowMs >= local.until) return found;
    return found === undefined || local.until > found.until ? local : found;
  }

  /** The actor's ban of exactly this place, in force or just ended; `undefined` if there is none. */
  at(actor: string, route: string | undefined): Ban | undefined {
    const entry = this.entries.get(actor);
    return entry && this.current(entry, route);
  }

  /** When the actor's ban of exactly this place ends, in milliseconds since the epoch; 0 if there is none. */
  endOf(actor: string, route: string | undefined): number {
    return this.at(actor, route)?.until ?? 0;
  }

  /** Offences of an actor remembered at `nowMs`. */
  offences(actor: string, nowMs: number): number {
    const entry = this.entries.get(actor);
    return entry !== undefined && nowMs < entry.forgetAtMs ? entry.offences : 0;
  }

  /** Notes that the actor has committed `offences` offences. What is remembered longer stays so. */
  remember(actor: string, offences: number, forgetAtMs: number, nowMs: number): void {
    const entry = this.entryOf(actor, nowMs);
    entry.forgetAtMs = Math.max(forgetAtMs, nowMs < entry.forgetAtMs ? entry.forgetAtMs : 0);
    entry.offences = offences;
    this.addDeadline({ atMs: forgetAtMs, entry, ban: undefined });
  }

  /** Puts a ban in force, in place of one of the same actor and route. */
  set(ban: Ban): void {
    const entry = this.entryOf(ban.actor, ban.since);
    const previous = this.take(entry, ban.route);
    if (previous !== undefined && previous.until <= ban.since)
      this.ended.push({ ban: previous, how: 'expired' });
    if (ban.route === undefined) entry.general = ban;
    else (entry.routes ??= new Map<string, Ban>()).set(ban.route, ban);
    this.addDeadline({ atMs: ban.until, entry, ban });
  }

  /** Lifts a ban. @returns whether there was one in force. */
  lift(actor: string, route: string | undefined, nowMs: number): boolean {
    const entry = this.entries.get(actor);
    const ban = entry && this.take(entry, route);
    if (entry === undefined || ban === undefined) return false;
    const inForce = nowMs < ban.until;
    this.ended.push({ ban, how: inForce ? 'lifted' : 'expired' });
    this.dropIfVoid(entry, nowMs);
    return inForce;
  }

  /** Forgets an actor's offences; bans stay. */
  forgive(actor: string, nowMs: number): void {
    const entry = this.entries.get(actor);
    if (entry === undefined) return;
    entry.forgetAtMs = 0;
    this.dropIfVoid(entry, nowMs);
  }

  /** All bans in force at `nowMs`, by end. */
  all(nowMs: number): Ban[] {
    const bans: Ban[] = [];
    for (const entry of this.entries.values()) bans.push(...entry.all().filter((ban) => nowMs < ban.until));
    return bans.sort(byEnd);
  }

  /** Ends bans and forgets offences that are due. @returns when to come again. */
  sweep(nowMs: number): number {
    for (let i = 0; i < DEADLINES_PER_SWEEP; i++) {
      const due = this.deadlines.popDue(nowMs);
      if (due === undefined) return this.deadlines.firstMs;
      if (this.entries.get(due.entry.actor) === due.entry) this.meet(due, nowMs);
    }
    return nowMs + SWEEP_PAUSE_MS;
  }

  private meet({ entry, ban }: TableDeadline, nowMs: number): void {
    if (ban !== undefined) {
      // A ban that was replaced or lifted leaves its deadline behind.
      if (this.current(entry, ban.route) !== ban) return;
      this.take(entry, ban.route);
      this.ended.push({ ban, how: 'expired' });
    }
    this.dropIfVoid(entry, nowMs);
  }

  private addDeadline(deadline: TableDeadline): void {
    if (deadline.atMs === Infinity) return;
    this.deadlines.push(deadline);
    if (this.deadlines.size > this.deadlineLimit) this.rebuildDeadlines();
  }

  /** Clears out the deadlines of bans that were replaced: one actor banned over and over must not fill memory. */
  private rebuildDeadlines(): void {
    this.deadlines.clear();
    for (const entry of this.entries.values()) {
      for (const ban of entry.all())
        if (ban.until !== Infinity) this.deadlines.push({ atMs: ban.until, entry, ban });
      if (entry.forgetAtMs > 0 && entry.forgetAtMs !== Infinity) {
        this.deadlines.push({ atMs: entry.forgetAtMs, entry, ban: undefined });
      }
    }
    this.deadlineLimit = 2 * this.deadlines.size + DEADLINE_SLACK;
  }

  private current(entry: ActorBans, route: string | undefined): Ban | undefined {
    return route === undefined ? entry.general : entry.routes?.get(route);
  }

  private take(entry: ActorBans, route: string | undefined): Ban | undefined {
    const ban = this.current(entry, route);
    if (route === undefined) entry.general = undefined;
    else if (entry.routes?.delete(route) && entry.routes.size === 0) entry.routes = undefined;
    return ban;
  }

  private dropIfVoid(entry: ActorBans, nowMs: number): void {
    if (entry.general !== undefined || entry.routes !== undefined || nowMs < entry.forgetAtMs) return;
    this.entries.delete(entry.actor);
  }

  private entryOf(actor: string, nowMs: number): ActorBans {
    let entry = this.entries.get(actor);
    if (entry !== undefined) return entry;
    if (this.entries.size >= this.maxEntries) this.sweep(nowMs);
    if (this.entries.size >= this.maxEntries) this.evict(nowMs);
    entry = new ActorBans(actor);
    this.entries.set(actor, entry);
    return entry;
  }

  /** Drops, of a few entries, the one whose last ban ends soonest; a permanent one only among its like. */
  private evict(nowMs: number): void {
    let victim = this.nextCandidate();
    for (let i = 1; i < EVICTION_CANDIDATES; i++) {
      const candidate = this.nextCandidate();
      if (endMs(candidate) < endMs(victim)) victim = candidate;
    }
    for (const ban of victim.all()) this.ended.push({ ban, how: nowMs < ban.until ? 'lifted' : 'expired' });
    this.entries.delete(victim.actor);
  }

  private nextCandidate(): ActorBans {
    let next = this.clockHand.next();
    if (next.done) {
      this.clockHand = this.entries.values();
      next = this.clockHand.next();
    }
    return next.value as ActorBans;
  }
}

/** When an entry stops to ban: 0 where only offences are remembered. */
function endMs(entry: ActorBans): number {
  return entry.all().reduce((latest, ban) => Math.max(latest, ban.until), 0);
}

/** Of those that end together, permanent ones above all, by their texts: so all instances list them alike. */
function byEnd(a: Ban, b: Ban): number {
  // Not a difference: that of two permanent bans is not a number.
  if (a.until !== b.until) return a.until < b.until ? -1 : 1;
  if (a.actor !== b.actor) return a.actor < b.actor ? -1 : 1;
  return (a.route ?? '') < (b.route ?? '') ? -1 : 1;
}
