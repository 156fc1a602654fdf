import type { Clock } from '../clock/clock.js';

interface Scheduled {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock that the events of a log move forward: nobody waits for it. Callbacks run when the time of an event passes theirs,
 * each at its own time. Few are scheduled at once: moving costs one comparison where nothing is due.
 */
export class EventClock implements Clock {
  private timeMs = 0;
  private readonly scheduled = new Set<Scheduled>();
  private nextMs = Infinity;

  now(): number {
    return this.timeMs;
  }

  /**
   * Moves to the time of the next event, in milliseconds since the epoch.
   *
   * @returns by how much the event comes too late, in milliseconds; 0 for one in order. Time never goes back.
   */
  advanceTo(timeMs: number): number {
    if (timeMs < this.timeMs) return this.timeMs - timeMs;
    while (this.nextMs <= timeMs) this.runNext();
    this.timeMs = timeMs;
    return 0;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const entry = { at: this.timeMs + Math.max(0, delayMs), callback };
    this.scheduled.add(entry);
    this.nextMs = Math.min(this.nextMs, entry.at);
    return () => {
      if (this.scheduled.delete(entry)) this.nextMs = this.earliest()?.at ?? Infinity;
    };
  }

  private runNext(): void {
    const entry = this.earliest();
    if (!entry) {
      this.nextMs = Infinity;
      return;
    }
    this.scheduled.delete(entry);
    this.timeMs = Math.max(this.timeMs, entry.at);
    this.nextMs = this.earliest()?.at ?? Infinity;
    entry.callback();
  }

  /** The first scheduled of those that are due first: a `Set` keeps their order. */
  private earliest(): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const entry of this.scheduled) if (!first || entry.at < first.at) first = entry;
    return first;
  }
}
