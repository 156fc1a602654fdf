import type { CounterCursor } from './counter-cursor.js';
import {
  HIGH_WORD,
  SUB_BUCKETS_HEADER,
  capacityOf,
  headOf,
  lengthOf,
  withEntries,
  type Words,
} from './packed-counter.js';

/**
 * Sliding window of sub-buckets: for large thresholds, where a log would cost too much memory. At most 61 of them are
 * live, each (number, cost), and a running sum spares adding them up. Reading costs O(sub-buckets that have left the
 * window since the last commit), adding the same.
 */

const MAX_SUM = 4_294_967_295;

/** Reads an existing counter at `nowMs`: sets the cursor's time and level. */
export function readSubBuckets(cursor: CounterCursor, nowMs: number): void {
  const { words, at, shape } = cursor;
  const length = lengthOf(words[at]);
  cursor.timeMs = nowMs;
  cursor.level = 0;
  if (length === 0) return;
  const newest = newestUnit(words, at);
  const newestMs = shape.startOfMs(newest);
  if (newestMs > nowMs) cursor.timeMs = newestMs;
  const outside = shape.lastUnitOutside(cursor.timeMs);
  if (newest <= outside) return;
  const outsideLow = outside >>> 0;
  let sum = words[at + 2];
  let place = placeOf(words, at, 0);
  for (let i = 1; ((words[place] - outsideLow) | 0) <= 0; i++) {
    sum -= words[place + 1];
    place = placeOf(words, at, i);
  }
  cursor.level = sum;
}

/** Number of the sub-bucket at `index`, counted from the oldest, in units of the shape. */
export function subBucketsUnit({ words, at }: CounterCursor, index: number): number {
  const newest = newestUnit(words, at);
  return newest - (((newest >>> 0) - words[placeOf(words, at, index)]) >>> 0);
}

/** Cost in the sub-bucket at `index`, counted from the oldest. */
export function subBucketsCost({ words, at }: CounterCursor, index: number): number {
  return words[placeOf(words, at, index) + 1];
}

/** Milliseconds until at most `room` (>= 0, less than the level) of the events in the window remain. */
export function subBucketsWaitMs(cursor: CounterCursor, room: number): number {
  const allLive = cursor.level === cursor.words[cursor.at + 2];
  let index = allLive ? 0 : deadSubBuckets(cursor);
  let left = cursor.level - subBucketsCost(cursor, index);
  while (left > room) left -= subBucketsCost(cursor, ++index);
  return cursor.shape.leavesAtMs(subBucketsUnit(cursor, index)) - cursor.timeMs;
}

/** Capacity needed to add an event. */
export function subBucketsNeeded(cursor: CounterCursor): number {
  const { words, at, shape, timeMs } = cursor;
  const live = lengthOf(words[at]) - deadSubBuckets(cursor);
  return live > 0 && newestUnit(words, at) === shape.unitOf(timeMs) ? live : live + 1;
}

/**
 * Drops what has left the window and adds `cost`. Sums saturate at 2^32 − 1. Sets the level.
 *
 * @returns false, and changes nothing, if the counter has to grow first.
 */
export function addToSubBuckets(cursor: CounterCursor, cost: number): boolean {
  const { words, at, shape, level } = cursor;
  const header = words[at];
  const capacity = capacityOf(header);
  // Nothing has left the window where all that is there counts.
  const allLive = level === words[at + 2] && lengthOf(header) < capacity;
  const dead = allLive ? 0 : deadSubBuckets(cursor);
  const live = lengthOf(header) - dead;
  const unit = shape.unitOf(cursor.timeMs);
  const current = live > 0 && newestUnit(words, at) === unit;
  if (live === capacity && !current) return false;
  const head = live === 0 ? 0 : (headOf(header) + dead) % capacity;
  words[at] = withEntries(header, current ? live : live + 1, head);
  const added = Math.min(cost, MAX_SUM - level);
  const place = placeOf(words, at, current ? live - 1 : live);
  words[place] = unit;
  words[place + 1] = current ? words[place + 1] + added : added;
  words[at + 1] = unit / HIGH_WORD;
  words[at + 2] = level + added;
  cursor.level = level + added;
  return true;
}

/** The word where the sub-bucket at `index`, counted from the oldest, begins. */
function placeOf(words: Words, at: number, index: number): number {
  const header = words[at];
  const capacity = capacityOf(header);
  let place = headOf(header) + index;
  if (place >= capacity) place -= capacity;
  return at + SUB_BUCKETS_HEADER + 2 * place;
}

/** The newest number in full; there must be one. */
function newestUnit(words: Words, at: number): number {
  return words[at + 1] * HIGH_WORD + words[placeOf(words, at, lengthOf(words[at]) - 1)];
}

/** How many sub-buckets, from the oldest, have left the window. */
function deadSubBuckets({ words, at, shape, timeMs }: CounterCursor): number {
  const length = lengthOf(words[at]);
  if (length === 0) return 0;
  const outside = shape.lastUnitOutside(timeMs);
  if (newestUnit(words, at) <= outside) return length;
  const outsideLow = outside >>> 0;
  let dead = 0;
  while (((words[placeOf(words, at, dead)] - outsideLow) | 0) <= 0) dead++;
  return dead;
}
