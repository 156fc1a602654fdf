import type { Clock } from '../clock/clock.js';

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  private time: number;
  private order = 0;
  private readonly scheduled = new Set<Scheduled>();

  /** @param start first time, in milliseconds since the epoch or anything `Date` takes; 2026-01-01 by default. */
  constructor(start: number | string | Date = '2026-01-01T00:00:00.000Z') {
    this.time = new Date(start).getTime();
    if (!Number.isFinite(this.time)) throw new RangeError(`ManualClock: not a date: ${String(start)}`);
  }

  now(): number {
    return this.time;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const entry = { at: this.time + Math.max(0, delayMs), order: this.order++, callback };
    this.scheduled.add(entry);
    return () => void this.scheduled.delete(entry);
  }

  /** Moves time forward by `ms` (>= 0), running what falls due on the way, in order, each at its own time. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`ManualClock.advance: ms must be >= 0, got ${ms}`);
    const end = this.time + ms;
    for (let next = this.nextBefore(end); next; next = this.nextBefore(end)) {
      this.scheduled.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = end;
  }

  private nextBefore(end: number): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const entry of this.scheduled) {
      if (entry.at > end) continue;
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry;
    }
    return first;
  }
}
