/**
 * How a counter lies in 32-bit words. Its first word packs `tag(6) format(2) capacity(8) length(8) head(8)`; then
 *
 * - ring:        the high word of the newest time, then `capacity` times (low words), the oldest at `head`;
 * - sub-buckets: the high word of the newest index, the sum of all costs, then `capacity` × (index, cost);
 * - pacing:      the theoretical arrival time and the newest time, a double each;
 * - mark:        a time in whole milliseconds, high and low word.
 *
 * Times are kept in units of the counter's shape. The high word of the newest one, and the fact that all others are
 * less than 2^31 units older, make 32 bits each enough.
 */
export type Words = Uint32Array;

/** Exact timestamps. */
export const RING = 0;
/** Costs per sixtieth of the window. */
export const SUB_BUCKETS = 1;
/** One theoretical arrival time (GCRA). */
export const PACING = 2;
/** A time until which something holds; counts nothing. */
export const MARK = 3;
/** How a counter is stored. */
export type Format = typeof RING | typeof SUB_BUCKETS | typeof PACING | typeof MARK;

/** Words before a ring's first entry. */
export const RING_HEADER = 2;
/** Words before the first sub-bucket. */
export const SUB_BUCKETS_HEADER = 3;
const PACING_WORDS = 5;
const MARK_WORDS = 3;
/** Largest tag that fits the header; 0 marks the end of a block. */
export const MAX_TAG = 63;

/** 2^32: one step of the high word. */
export const HIGH_WORD = 4_294_967_296;

/** The first word of an empty counter. */
export function emptyHeader(tag: number, format: Format, capacity: number): number {
  return ((tag << 26) | (format << 24) | (capacity << 16)) >>> 0;
}

/** Which counter of its block this is: 1 to 63. */
export function tagOf(header: number): number {
  return header >>> 26;
}

/** How the counter is stored. */
export function formatOf(header: number): Format {
  return ((header >>> 24) & 3) as Format;
}

/** Entries that fit at present. */
export function capacityOf(header: number): number {
  return (header >>> 16) & 255;
}

/** Entries in use, those that have left the window since the last commit included. */
export function lengthOf(header: number): number {
  return (header >>> 8) & 255;
}

/** Position of the oldest entry. */
export function headOf(header: number): number {
  return header & 255;
}

/** The same header with another length and head. */
export function withEntries(header: number, length: number, head: number): number {
  return ((header & 0xffff_0000) | (length << 8) | head) >>> 0;
}

/** Words that a counter of this format and capacity takes. */
export function wordsFor(format: Format, capacity: number): number {
  if (format === RING) return RING_HEADER + capacity;
  if (format === SUB_BUCKETS) return SUB_BUCKETS_HEADER + 2 * capacity;
  return format === PACING ? PACING_WORDS : MARK_WORDS;
}

/** Words that the counter with this header takes. */
export function wordsOf(header: number): number {
  return wordsFor(formatOf(header), capacityOf(header));
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** Reads a double from two words. */
export function readDouble(words: Words, at: number): number {
  halves[0] = words[at];
  halves[1] = words[at + 1];
  return double[0];
}

/** Writes a double to two words. */
export function writeDouble(words: Words, at: number, value: number): void {
  double[0] = value;
  words[at] = halves[0];
  words[at + 1] = halves[1];
}

/** Copies a counter, oldest entry first, into room for `capacity` (at least its length) entries. */
export function moveCounter(from: Words, fromAt: number, to: Words, toAt: number, capacity: number): void {
  const header = from[fromAt];
  const format = formatOf(header);
  if (format === PACING || format === MARK) {
    const size = wordsFor(format, 0);
    for (let i = 0; i < size; i++) to[toAt + i] = from[fromAt + i];
    return;
  }
  const length = lengthOf(header);
  const start = format === RING ? RING_HEADER : SUB_BUCKETS_HEADER;
  const stride = format === RING ? 1 : 2;
  to[toAt] = withEntries(emptyHeader(tagOf(header), format, capacity), length, 0);
  for (let i = 1; i < start; i++) to[toAt + i] = from[fromAt + i];
  const wrap = capacityOf(header) * stride;
  let read = headOf(header) * stride;
  for (let i = 0; i < length * stride; i++) {
    to[toAt + start + i] = from[fromAt + start + read];
    if (++read === wrap) read = 0;
  }
}
