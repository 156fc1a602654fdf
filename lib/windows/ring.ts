import type { CounterCursor } from './counter-cursor.js';
import { HIGH_WORD, RING_HEADER, capacityOf, headOf, lengthOf, withEntries } from './packed-counter.js';

/**
 * Sliding window log in a ring: the last `capacity` timestamps, which is all that "more than `threshold` in the
 * window?" can depend on while `threshold <= capacity`. Reading costs O(log capacity) and changes nothing; adding
 * costs O(cost).
 */

/** Reads an existing ring at `nowMs`: sets the cursor's time and level. */
export function readRing(cursor: CounterCursor, nowMs: number): void {
  const { words, at, shape } = cursor;
  const header = words[at];
  const length = lengthOf(header);
  cursor.timeMs = nowMs;
  cursor.level = 0;
  if (length === 0) return;
  const capacity = capacityOf(header);
  const head = headOf(header);
  let last = head + length - 1;
  if (last >= capacity) last -= capacity;
  const newest = words[at + 1] * HIGH_WORD + words[at + RING_HEADER + last];
  const newestMs = shape.startOfMs(newest);
  if (newestMs > nowMs) cursor.timeMs = newestMs;
  const outside = shape.lastUnitOutside(cursor.timeMs);
  if (newest <= outside) return;
  // The difference modulo 2^32 has the right sign: every entry is within 2^31 units of the newest.
  const allLive = ((words[at + RING_HEADER + head] - (outside >>> 0)) | 0) > 0;
  cursor.level = allLive ? length : countLive(cursor, outside >>> 0);
}

/** Binary search: the oldest entry is outside the window, the newest inside. */
function countLive({ words, at }: CounterCursor, outsideLow: number): number {
  const header = words[at];
  const length = lengthOf(header);
  const capacity = capacityOf(header);
  const head = headOf(header);
  let dead = 0;
  let live = length - 1;
  while (live - dead > 1) {
    const middle = (dead + live) >>> 1;
    const position = head + middle;
    const low = words[at + RING_HEADER + (position < capacity ? position : position - capacity)];
    if (((low - outsideLow) | 0) > 0) live = middle;
    else dead = middle;
  }
  return length - live;
}

/** Entry `index`, counted from the oldest, in units of the shape. */
export function ringUnit({ words, at }: CounterCursor, index: number): number {
  const header = words[at];
  const capacity = capacityOf(header);
  let last = headOf(header) + lengthOf(header) - 1;
  if (last >= capacity) last -= capacity;
  let position = headOf(header) + index;
  if (position >= capacity) position -= capacity;
  const newestLow = words[at + RING_HEADER + last];
  return words[at + 1] * HIGH_WORD + newestLow - ((newestLow - words[at + RING_HEADER + position]) >>> 0);
}

/** Milliseconds until at most `room` (>= 0, and less than the level) of the events in the window remain. */
export function ringWaitMs(cursor: CounterCursor, room: number): number {
  const index = lengthOf(cursor.words[cursor.at]) - 1 - room;
  return cursor.shape.leavesAtMs(ringUnit(cursor, index)) - cursor.timeMs;
}

/**
 * Drops what has left the window and adds `cost` events; at capacity the oldest give way. Sets the level.
 *
 * @returns false, and changes nothing, if the ring has to grow first.
 */
export function addToRing(cursor: CounterCursor, cost: number): boolean {
  const { words, at, shape, level } = cursor;
  const header = words[at];
  const capacity = capacityOf(header);
  const max = shape.maxEntries;
  const added = cost < max ? cost : max;
  const kept = level + added > max ? max - added : level;
  if (kept + added > capacity) return false;
  let head = headOf(header) + lengthOf(header) - kept;
  if (head >= capacity) head -= capacity;
  let position = head + kept;
  if (position >= capacity) position -= capacity;
  const unit = shape.unitOf(cursor.timeMs);
  const low = unit >>> 0;
  for (let i = 0; i < added; i++) {
    words[at + RING_HEADER + position] = low;
    if (++position === capacity) position = 0;
  }
  words[at + 1] = unit / HIGH_WORD;
  words[at] = withEntries(header, kept + added, head);
  cursor.level = kept + added;
  return true;
}
