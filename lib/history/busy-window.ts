import type { Words } from '../windows/packed-counter.js';

/**
 * Counts of an actor that does more within a window than its history holds, in 77 words: events in sub-buckets of a thirtieth of
 * the window, so that a count may be too high by what one of them holds, never too low; distinct targets by HyperLogLog (Flajolet
 * et al. 2007) with 64 registers of four bits in each of five panes of a quarter of the window: a standard error of 13 %.
 */
const SUB_BUCKETS = 31;
const UNITS = SUB_BUCKETS - 1;
/** Number of the sub-bucket of the newest event, modulo 2³². */
const NEWEST_UNIT = SUB_BUCKETS;
const SUM = SUB_BUCKETS + 1;
const PANES = 5;
const PANE_WORDS = 8;
const NEWEST_PANE = SUM + 1;
const ESTIMATE = NEWEST_PANE + 1;
const REGISTERS = ESTIMATE + 1;
const REGISTER_COUNT = 64;
/** Bias correction for 64 registers. */
const ALPHA = 0.709;

export const BUSY_WORDS = REGISTERS + PANES * PANE_WORDS;

/** Forgets everything. */
export function clearBusy(words: Words, at: number): void {
  words.fill(0, at, at + BUSY_WORDS);
}

/** Adds an event. @param timeMs not before the newest one's. O(sub-buckets that have ended). */
export function addBusy(words: Words, at: number, timeMs: number, windowMs: number, target: number): void {
  addEvent(words, at, Math.floor(timeMs / Math.ceil(windowMs / UNITS)));
  addTarget(words, at, Math.floor(timeMs / Math.ceil(windowMs / (PANES - 1))), target);
}

/** Events within the window of the newest one. */
export function busyEvents(words: Words, at: number): number {
  return words[at + SUM];
}

/** Distinct targets within it, an estimate. */
export function busyTargets(words: Words, at: number): number {
  return words[at + ESTIMATE];
}

function addEvent(words: Words, at: number, unit: number): void {
  const passed = unit - newestOf(words[at + NEWEST_UNIT], unit);
  if (passed >= SUB_BUCKETS) {
    words.fill(0, at, at + SUB_BUCKETS);
    words[at + SUM] = 0;
  } else {
    for (let ended = unit - passed + 1; ended <= unit; ended++) {
      const place = at + (ended % SUB_BUCKETS);
      words[at + SUM] -= words[place];
      words[place] = 0;
    }
  }
  words[at + NEWEST_UNIT] = unit;
  words[at + (unit % SUB_BUCKETS)]++;
  words[at + SUM]++;
}

function addTarget(words: Words, at: number, pane: number, target: number): void {
  const passed = pane - newestOf(words[at + NEWEST_PANE], pane);
  const first = at + REGISTERS;
  for (let ended = Math.max(pane - passed + 1, pane - PANES + 1); ended <= pane; ended++) {
    const begin = first + (ended % PANES) * PANE_WORDS;
    words.fill(0, begin, begin + PANE_WORDS);
  }
  words[at + NEWEST_PANE] = pane;
  const register = target & (REGISTER_COUNT - 1);
  const rank = Math.min(15, Math.clz32((target >>> 6) | 1) - 6 + 1);
  const word = first + (pane % PANES) * PANE_WORDS + (register >>> 3);
  const shift = (register & 7) * 4;
  const isNews = ((words[word] >>> shift) & 15) < rank;
  if (isNews) words[word] = (words[word] & ~(15 << shift)) | (rank << shift);
  if (isNews || passed > 0) words[at + ESTIMATE] = estimate(words, first);
}

/** The number that was kept modulo 2³², and was at most `now`. */
function newestOf(kept: number, now: number): number {
  const candidate = now - (now % 2 ** 32) + kept;
  return candidate > now ? candidate - 2 ** 32 : candidate;
}

function estimate(words: Words, first: number): number {
  let sum = 0;
  let vacant = 0;
  for (let register = 0; register < REGISTER_COUNT; register++) {
    const shift = (register & 7) * 4;
    let rank = 0;
    for (let pane = 0; pane < PANES; pane++) {
      const found = (words[first + pane * PANE_WORDS + (register >>> 3)] >>> shift) & 15;
      if (found > rank) rank = found;
    }
    if (rank === 0) vacant++;
    sum += 2 ** -rank;
  }
  const raw = (ALPHA * REGISTER_COUNT * REGISTER_COUNT) / sum;
  const few = raw <= 2.5 * REGISTER_COUNT && vacant > 0;
  return Math.round(few ? REGISTER_COUNT * Math.log(REGISTER_COUNT / vacant) : raw);
}
