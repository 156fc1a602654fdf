import type { Clock } from '../../clock/clock.js';
import { BanTable } from '../bans/ban-table.js';
import type { Ban, StorageContext } from '../storage.js';
import { Sweeper } from '../sweeper.js';
import type { PlacedChange } from './ban-change.js';

/** Liftings remembered, so that a ban that is heard of late is not taken for a new one. */
const MOST_LIFTINGS = 10_000;

/** The bans in force as far as this instance knows: what is asked before every request. */
export class BanMirror {
  private readonly table: BanTable;
  private readonly sweeper: Sweeper;
  private readonly liftings = new Map<string, number>();
  private onBanEnd: StorageContext['onBanEnd'] = () => {};

  constructor(
    maxBans: number,
    private readonly time: Clock,
  ) {
    this.table = new BanTable(maxBans);
    this.sweeper = new Sweeper(time, { sweep: (nowMs) => this.sweep(nowMs) });
  }

  /** Whom to tell when a ban ends. */
  announceTo(onBanEnd: StorageContext['onBanEnd']): void {
    this.onBanEnd = onBanEnd;
  }

  /** The ban that holds; of a general one and one of this route, the one that ends later. */
  find(actor: string, route: string | undefined): Ban | undefined {
    return this.table.size === 0 ? undefined : this.table.find(actor, route, this.time.now());
  }

  /** All bans in force, by end. */
  all(): Ban[] {
    return this.table.all(this.time.now());
  }

  /** Takes in a change, unless a newer one of the same place is known. */
  apply(change: PlacedChange): void {
    const { place, at, ban } = change;
    const [actor, route] = ban ? [ban.actor, ban.route] : (JSON.parse(place) as [string, string?]);
    const known = this.table.at(actor, route);
    if (this.isOutdated(place, at, known)) return;
    if (ban === undefined) {
      this.rememberLifting(place, at);
      this.table.lift(actor, route, this.time.now());
    } else if (!isSame(known, ban)) {
      this.liftings.delete(place);
      this.table.set(ban);
      this.sweeper.expect(this.table.dueMs);
    }
    this.announceEnds();
  }

  /** Since when the actor is banned from this very place, in ms, if it is. */
  beganAt(actor: string, route: string | undefined): number | undefined {
    return this.table.at(actor, route)?.since;
  }

  /** Whether this ban was lifted after it began, as far as is known. */
  wasLifted(place: string, since: number): boolean {
    return (this.liftings.get(place) ?? -Infinity) >= since;
  }

  /** Cancels the timer. */
  close(): void {
    this.sweeper.stop();
  }

  private isOutdated(place: string, at: number, known: Ban | undefined): boolean {
    return (known?.since ?? -Infinity) > at || (this.liftings.get(place) ?? -Infinity) > at;
  }

  private rememberLifting(place: string, at: number): void {
    this.liftings.delete(place);
    this.liftings.set(place, at);
    if (this.liftings.size <= MOST_LIFTINGS) return;
    for (const oldest of this.liftings.keys()) {
      this.liftings.delete(oldest);
      return;
    }
  }

  private sweep(nowMs: number): number {
    const nextMs = this.table.sweep(nowMs);
    this.announceEnds();
    return nextMs;
  }

  /** Runs after everything else, for a listener may call the storage. */
  private announceEnds(): void {
    for (let end = this.table.ended.shift(); end; end = this.table.ended.shift())
      this.onBanEnd(end.ban, end.how);
  }
}

function isSame(known: Ban | undefined, ban: Ban): boolean {
  return (
    known !== undefined &&
    known.since === ban.since &&
    known.until === ban.until &&
    known.reason === ban.reason
  );
}
