import { MARK, PACING, RING, SUB_BUCKETS, type Format } from './packed-counter.js';

/** Up to this capacity a counter keeps exact timestamps. */
export const MAX_EXACT_CAPACITY = 128;
/** Above it, a window is divided into this many sub-buckets. */
export const SUB_BUCKETS_PER_WINDOW = 60;
/** The current sub-bucket and the sixty that a window can still touch. */
export const MAX_LIVE_SUB_BUCKETS = 61;
/** Part of a second in which an event happens, and a second for requests whose time is a little behind the clock. */
const GRACE_SECONDS = 2;
/** Windows up to this long (12.4 days) are kept to the millisecond. */
export const MAX_MILLISECOND_WINDOW_MS = 2 ** 30;

/**
 * The constants of a counter's arithmetic, worked out once. An event at time t is kept as
 * `floor((t + roundUpMs) / unitMs)` and leaves the window at `that × unitMs + spanMs`:
 *
 * - ring: the unit is 1 ms. Windows above 2^30 ms take `ceil(windowMs / 2^30)` ms and round up, so that an event
 *   leaves late by less than a unit: a violation is seen early, never late.
 * - sub-buckets: the unit is `ceil(windowMs / 60)`, rounded down, and the span reaches to the last millisecond of the
 *   sub-bucket: every event in it counts as if it had happened then.
 */
export class CounterShape {
  readonly format: Format;
  readonly unitMs: number;
  readonly roundUpMs: number;
  readonly spanMs: number;
  /** Entries that the counter may hold: timestamps or sub-buckets. */
  readonly maxEntries: number;
  /** Whole seconds after its newest event by which the counter holds nothing any more, wherever in a second that was. */
  readonly keepSeconds: number;

  constructor(
    kind: 'window' | 'pacing' | 'mark',
    /** Milliseconds. */
    readonly windowMs: number,
    /** Largest threshold. */
    capacity: number,
  ) {
    this.format = formatFor(kind, capacity);
    const divided = this.format === SUB_BUCKETS;
    this.unitMs = divided
      ? Math.ceil(windowMs / SUB_BUCKETS_PER_WINDOW)
      : Math.ceil(windowMs / MAX_MILLISECOND_WINDOW_MS);
    this.roundUpMs = divided ? 0 : this.unitMs - 1;
    this.spanMs = windowMs + (divided ? this.unitMs - 1 : 0);
    this.maxEntries = divided ? MAX_LIVE_SUB_BUCKETS : this.format === RING ? capacity : 0;
    this.keepSeconds = Math.ceil((this.spanMs + this.unitMs) / 1000) + GRACE_SECONDS;
  }

  // Units of 1 ms take a path of their own below: a division is most of what reading a counter costs.

  /** The unit that an event at this time is kept under. */
  unitOf(timeMs: number): number {
    return this.unitMs === 1 ? timeMs : Math.floor((timeMs + this.roundUpMs) / this.unitMs);
  }

  /** Events in this unit, or an earlier one, have left the window by now. */
  lastUnitOutside(nowMs: number): number {
    return this.unitMs === 1 ? nowMs - this.spanMs : Math.floor((nowMs - this.spanMs) / this.unitMs);
  }

  /** When events of this unit leave the window, in milliseconds since the epoch. */
  leavesAtMs(unit: number): number {
    return unit * this.unitMs + this.spanMs;
  }

  /** The earliest time of this unit, in milliseconds since the epoch. */
  startOfMs(unit: number): number {
    return unit * this.unitMs - this.roundUpMs;
  }
}

function formatFor(kind: 'window' | 'pacing' | 'mark', capacity: number): Format {
  if (kind === 'pacing') return PACING;
  if (kind === 'mark') return MARK;
  return capacity > MAX_EXACT_CAPACITY ? SUB_BUCKETS : RING;
}
