import type { Counter } from '../storage/storage.js';

/** Largest capacity at which a counter is exact. */
const MAX_EXACT_CAPACITY = 128;
/** Longest window that is kept to the millisecond. */
const MAX_MILLISECOND_WINDOW_MS = 2 ** 30;

/**
 * What one counter must do, in the plainest way: an array of events, looked through on each call. `nowMs` always comes from
 * `timeAt`.
 */
export class ReferenceCounter {
  /** When each event counts as having happened, oldest first. */
  private events: { readonly countsAtMs: number; readonly cost: number }[] = [];
  private newestMs = -Infinity;
  /** Pacing: the theoretical arrival time. */
  private arrivalMs = 0;
  private readonly exact: boolean;
  /** Width of a sub-bucket; of an exact counter's time step, which is 1 up to windows of 12 days. */
  private readonly unitMs: number;

  constructor(private readonly counter: Counter) {
    this.exact = counter.capacity <= MAX_EXACT_CAPACITY;
    this.unitMs = Math.ceil(counter.windowMs / (this.exact ? MAX_MILLISECOND_WINDOW_MS : 60));
  }

  /** The time to judge by: an earlier one than the newest event's (or its sub-bucket's start) is taken as that. */
  timeAt(nowMs: number): number {
    return Math.max(nowMs, this.newestMs);
  }

  /** Events within the window. */
  level(nowMs: number): number {
    return this.live(nowMs).reduce((sum, { cost }) => sum + cost, 0);
  }

  /** Pacing: whether a request comes too early. */
  early(nowMs: number): boolean {
    return nowMs < this.arrivalMs;
  }

  /** Counts an event of this cost; for pacing, one that takes this many milliseconds. */
  add(nowMs: number, amount: number): void {
    const { windowMs, capacity, kind } = this.counter;
    if (kind === 'pacing') {
      this.arrivalMs = Math.min(Math.max(nowMs, this.arrivalMs) + amount, nowMs + windowMs);
      this.newestMs = nowMs;
      return;
    }
    const countsAtMs = this.countsAtMs(nowMs);
    // What has left the window is forgotten for good, though a later request may be judged by the sub-bucket's start.
    this.events = this.live(nowMs);
    if (this.exact) {
      for (let i = 0; i < Math.min(amount, capacity); i++) this.events.push({ countsAtMs, cost: 1 });
      this.events = this.events.slice(-capacity);
    } else {
      this.events.push({ countsAtMs, cost: amount });
    }
    this.newestMs = countsAtMs - this.unitMs + 1;
  }

  /** Milliseconds until an event of this cost is allowed. */
  waitMs(nowMs: number, threshold: number, cost: number): number {
    const { windowMs, kind } = this.counter;
    if (kind === 'pacing') {
      return threshold === 0 ? windowMs : Math.max(1, Math.ceil(this.arrivalMs - nowMs));
    }
    let left = this.level(nowMs);
    for (const event of this.live(nowMs)) {
      left -= event.cost;
      if (left + cost <= threshold) return Math.min(windowMs, event.countsAtMs + windowMs - nowMs);
    }
    return windowMs;
  }

  /** Milliseconds until the oldest event leaves, or pacing allows another. */
  resetMs(nowMs: number): number {
    const { windowMs, kind } = this.counter;
    if (kind === 'pacing') return Math.max(0, Math.ceil(this.arrivalMs - nowMs));
    const live = this.live(nowMs);
    return live.length === 0 ? 0 : Math.min(windowMs, live[0].countsAtMs + windowMs - nowMs);
  }

  /** Forgets everything. */
  empty(): void {
    this.events = [];
    this.newestMs = -Infinity;
    this.arrivalMs = 0;
  }

  private live(nowMs: number): { readonly countsAtMs: number; readonly cost: number }[] {
    return this.events.filter(({ countsAtMs }) => countsAtMs > nowMs - this.counter.windowMs);
  }

  /** Exact: the time itself, up to the next whole step. Else: the last millisecond of its sub-bucket. */
  private countsAtMs(timeMs: number): number {
    const { unitMs } = this;
    return this.exact ? Math.ceil(timeMs / unitMs) * unitMs : (Math.floor(timeMs / unitMs) + 1) * unitMs - 1;
  }
}
