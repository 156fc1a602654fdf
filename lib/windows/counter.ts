import type { CounterCursor } from './counter-cursor.js';
import { addToPacing, readPacing } from './pacing.js';
import {
  HIGH_WORD,
  MARK,
  PACING,
  RING,
  SUB_BUCKETS,
  capacityOf,
  emptyHeader,
  withEntries,
  wordsFor,
} from './packed-counter.js';
import { addToRing, readRing, ringWaitMs } from './ring.js';
import { addToSubBuckets, readSubBuckets, subBucketsNeeded, subBucketsWaitMs } from './sub-buckets.js';

/**
 * One set of verbs over all formats. `amount` is what a request adds: its cost; for pacing the milliseconds that it
 * takes; for a mark the time it is set to. None of them allocates.
 */

/** Room for a counter's first event, so that a client seen once costs little. */
const FIRST_CAPACITY = 2;

/** Reads an existing counter, not a mark, at `nowMs`: sets the cursor's time and level. */
export function readCounter(cursor: CounterCursor, nowMs: number): void {
  const format = cursor.shape.format;
  if (format === RING) return readRing(cursor, nowMs);
  if (format === SUB_BUCKETS) return readSubBuckets(cursor, nowMs);
  if (format === PACING) return readPacing(cursor, nowMs);
}

/** The time that a mark holds, in milliseconds since the epoch; 0 if it does not exist. */
export function markedMs({ words, at }: CounterCursor): number {
  return at < 0 ? 0 : words[at + 1] * HIGH_WORD + words[at + 2];
}

/**
 * Adds to a counter and sets the cursor's level; sets a mark.
 *
 * @returns false, and changes nothing, if the counter does not exist or lacks the capacity.
 */
export function addToCounter(cursor: CounterCursor, amount: number): boolean {
  if (cursor.at < 0) return false;
  const format = cursor.shape.format;
  if (format === RING) return addToRing(cursor, amount);
  if (format === SUB_BUCKETS) return addToSubBuckets(cursor, amount);
  if (format === PACING) {
    addToPacing(cursor, amount);
  } else {
    setMark(cursor, amount);
  }
  return true;
}

function setMark({ words, at }: CounterCursor, timeMs: number): void {
  const wholeMs = Math.min(timeMs, Number.MAX_SAFE_INTEGER);
  words[at + 1] = wholeMs / HIGH_WORD;
  words[at + 2] = wholeMs;
}

/** Entries to make room for where `addToCounter` found too few: capacity grows by doubling. */
export function capacityFor(cursor: CounterCursor, amount: number): number {
  const { words, at, shape } = cursor;
  if (shape.format === PACING || shape.format === MARK) return 0;
  const present = at < 0 ? FIRST_CAPACITY / 2 : capacityOf(words[at]);
  const needed = shape.format === RING ? cursor.level + amount : at < 0 ? 1 : subBucketsNeeded(cursor);
  return Math.min(shape.maxEntries, Math.max(needed, 2 * present));
}

/** Words that a counter of this shape takes at a capacity. */
export function counterWords({ shape }: CounterCursor, capacity: number): number {
  return wordsFor(shape.format, capacity);
}

/** Writes an empty counter at the cursor. */
export function createCounter(cursor: CounterCursor, tag: number, capacity: number): void {
  cursor.words[cursor.at] = emptyHeader(tag, cursor.shape.format, capacity);
}

/** Forgets a counter's events; its room stays. */
export function emptyCounter(cursor: CounterCursor): void {
  cursor.level = 0;
  if (cursor.at >= 0) cursor.words[cursor.at] = withEntries(cursor.words[cursor.at], 0, 0);
}

/**
 * Window counters: milliseconds until no more than `room` of the events in the window are left; at most the window,
 * which an event that counts as later than it was can outlast by less than the unit of its shape.
 */
export function counterWaitMs(cursor: CounterCursor, room: number): number {
  if (room < 0) return cursor.shape.windowMs;
  if (cursor.level <= room) return 0;
  const waitMs = cursor.shape.format === RING ? ringWaitMs(cursor, room) : subBucketsWaitMs(cursor, room);
  return Math.min(cursor.shape.windowMs, waitMs);
}

/** Milliseconds, at most the window, until the oldest event leaves, or pacing allows another; 0 if none is there. */
export function counterResetMs(cursor: CounterCursor): number {
  const { level, timeMs, shape } = cursor;
  if (shape.format === PACING) return level > timeMs ? Math.ceil(level - timeMs) : 0;
  return level === 0 ? 0 : counterWaitMs(cursor, level - 1);
}
