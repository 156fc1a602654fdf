/**
 * Where an actor's history keeps what, in words of 32 bits:
 *
 * | words | what |
 * | --- | --- |
 * | 0 | sequence number of the next event |
 * | 1 | sequence number of the first event within the window |
 * | 2 | sequence number of the oldest event held |
 * | 3, 4 | time that the events' times count from, in ms: high and low word |
 * | 5, 6 | weights within the window, in thousandths, where any is not 1: high and low word |
 * | 7 | within the window: distinct targets (8 bits), fitting gaps (8), switches (8); binary logarithm of the room for events (8) |
 * | 8 | warnings (8), delays (8), shape (8), flags (8) |
 * | 9 | time of the last warning, delay or block |
 * | 10 | hash of the last identity; 0: none |
 * | 11 … 13 | which copy of the storage this is, how far, and in which revision |
 * | 14 … 17 | the bots' own |
 * | 18 | time of the last report, a multiple of `GRAVITIES`, and how grave it was; 0: none |
 * | 19 … | newest event of each bucket, a byte each: its place in the ring; of no meaning where another bucket's event is there |
 * | … | events, three words each: time, target, and `Meta` |
 * | … | weights, a half word each, where any is not 1 |
 * | … | counts of a busy actor: see `busy-window.ts` |
 */
export const NEXT = 0;
export const TAIL = 1;
export const FIRST = 2;
export const BASE_HIGH = 3;
export const BASE_LOW = 4;
export const WEIGHT_HIGH = 5;
export const WEIGHT_LOW = 6;
export const COUNTS = 7;
export const STATE = 8;
export const LAST_STRIKE = 9;
export const IDENTITY = 10;
export const POSITION = 11;
export const NOTES = 14;
export const NOTES_WORDS = 4;
export const REPORTED = 18;
/** As many as what is reported can be grave, from 0 on. */
export const GRAVITIES = 8;
export const HEADER_WORDS = 19;
export const EVENT_WORDS = 3;
/** The high word of a pair counts these. */
export const HIGH = 2 ** 32;

/** Parts of `COUNTS`. */
export const ONE_TARGET = 1;
export const ONE_FIT = 1 << 8;
export const ONE_SWITCH = 1 << 16;
export const ROOM_SHIFT = 24;

/** Parts of `STATE`. */
export const ONE_WARNING = 1;
export const ONE_DELAY = 1 << 8;
export const SHAPE_SHIFT = 16;
/** Weights are kept. */
export const FLAG_WEIGHTS = 1 << 24;
/** It holds events that the storage has not. */
export const FLAG_LOCAL = 1 << 25;

/**
 * Bits of an event's third word: action (10), outcome (4) and flags of the detectors (7), or how often action and target had occurred
 * (8), whether a newer event has its target,
 * whether the gap before it fits the period, whether it switched, and how many events ago the one before in its bucket was (8;
 * 0: none).
 */
export const ACTION_MASK = 0x3ff;
export const OUTCOME_SHIFT = 10;
export const OUTCOME_MASK = 0xf;
export const REPETITIONS_SHIFT = 10;
export const REPETITIONS_MASK = 0xff;
export const FLAGS_SHIFT = 14;
export const FLAGS_MASK = 0x7f;
export const NEWER = 1 << 21;
export const FITS = 1 << 22;
export const SWITCHED = 1 << 23;
export const LINK_SHIFT = 24;

/** Most events of one actor. */
export const MOST_EVENTS = 255;
/** Rooms are powers of two, from this one on. */
export const SMALLEST_ROOM = 4;

/** Buckets by target: half as many as events, at least four. */
export function bucketsFor(room: number): number {
  return room <= 8 ? 4 : room / 2;
}

/** Words of the events, and all before them. */
export function eventsEnd(room: number): number {
  return HEADER_WORDS + bucketsFor(room) / 4 + room * EVENT_WORDS;
}

/** Words of a history of so much room, without the counts of a busy actor. */
export function historyWords(room: number, hasWeights: boolean): number {
  return eventsEnd(room) + (hasWeights ? room / 2 : 0);
}
