import { addToCounter, readCounter } from '../../windows/counter.js';
import { CounterCursor } from '../../windows/counter-cursor.js';
import { CounterShape, MAX_EXACT_CAPACITY } from '../../windows/counter-shape.js';
import { RING, formatOf, lengthOf } from '../../windows/packed-counter.js';
import { ringUnit } from '../../windows/ring.js';
import { subBucketsCost, subBucketsUnit } from '../../windows/sub-buckets.js';
import { voidCounter } from './block.js';

/** Events of one moment. */
export interface CountedEvents {
  readonly timeMs: number;
  readonly cost: number;
}

/**
 * Reads the events, oldest first, of a window counter that was stored while its capacity was on the other side of the
 * exact limit, and voids it: the next rebuild of its block drops it. Events of a sub-bucket are taken as of its last
 * millisecond, or `nowMs` if that is earlier.
 */
export function takeOutEvents({ block, at, shape }: CounterCursor, nowMs: number): CountedEvents[] {
  const { words } = block;
  const exact = formatOf(words[at]) === RING;
  const capacity = exact ? MAX_EXACT_CAPACITY : MAX_EXACT_CAPACITY + 1;
  const stored = new CounterCursor(new CounterShape('window', shape.windowMs, capacity), block);
  stored.at = at;
  const events = Array.from({ length: lengthOf(words[at]) }, (_, i) => {
    const unit = exact ? ringUnit(stored, i) : subBucketsUnit(stored, i);
    const timeMs = Math.min(nowMs, stored.shape.leavesAtMs(unit) - shape.windowMs);
    return { timeMs, cost: exact ? 1 : subBucketsCost(stored, i) };
  });
  voidCounter(words, at);
  return events;
}

/** Adds events, oldest first, to an empty counter that has its full capacity. */
export function refill(cursor: CounterCursor, events: readonly CountedEvents[]): void {
  for (const { timeMs, cost } of events) {
    readCounter(cursor, timeMs);
    addToCounter(cursor, cost);
  }
}
