import type { CounterCursor } from './counter-cursor.js';
import { lengthOf, readDouble, withEntries, writeDouble } from './packed-counter.js';

/**
 * Even spacing by the generic cell rate algorithm (ITU-T I.371, without burst tolerance): the counter keeps the
 * theoretical arrival time (TAT), before which a request comes too early. TATs are doubles, for spacings that are not
 * whole milliseconds.
 */

/** Reads an existing counter at `nowMs`: sets the cursor's time and level. */
export function readPacing(cursor: CounterCursor, nowMs: number): void {
  const { words, at } = cursor;
  const used = lengthOf(words[at]) !== 0;
  cursor.level = used ? readDouble(words, at + 1) : 0;
  cursor.timeMs = used ? Math.max(nowMs, readDouble(words, at + 3)) : nowMs;
}

/** Milliseconds between two events: infinite where none is allowed. */
export function pacingIntervalMs(windowMs: number, threshold: number): number {
  return windowMs / threshold;
}

/** The arrival time after an event that takes `advanceMs` (cost × interval): at most a window ahead. */
export function nextArrivalMs({ level, timeMs, shape }: CounterCursor, advanceMs: number): number {
  return Math.min(Math.max(timeMs, level) + advanceMs, timeMs + shape.windowMs);
}

/** Counts an event that takes `advanceMs`. Sets the level. */
export function addToPacing(cursor: CounterCursor, advanceMs: number): void {
  const { words, at } = cursor;
  cursor.level = nextArrivalMs(cursor, advanceMs);
  writeDouble(words, at + 1, cursor.level);
  writeDouble(words, at + 3, cursor.timeMs);
  words[at] = withEntries(words[at], 1, 0);
}
