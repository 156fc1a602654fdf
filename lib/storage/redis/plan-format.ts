import { CounterShape, MAX_EXACT_CAPACITY } from '../../windows/counter-shape.js';
import { digits } from '../digits.js';
import type { Counter, HistoryQuery } from '../storage.js';

/**
 * How rules are written for the script `record`: numbers as 7-bit digits, so that the text is plain ASCII, which travels
 * and is read in Redis at least cost.
 */

const KINDS = { ring: 0, subBuckets: 1, pacing: 2 } as const;
const ATTEMPTS = 4;
const IN_MILLISECONDS = 8;
const FLAGS = { denies: 1, passive: 2, peek: 4, bans: 8, long: 16 } as const;
/** Later than its newest event by rounding, and by a clock that is a little behind. */
const GRACE_MS = 2_000;
const COUNTERS_DIGITS = 2;
const PLACE_DIGITS = 3;
/** Rules that one counter may have: what one digit holds. */
export const MOST_RULES_PER_COUNTER = 127;
/** Windows of whole seconds up to 24 days take three digits, all others seven. */
const SECONDS_DIGITS = 3;
const MILLISECONDS_DIGITS = 7;
/** Thresholds up to 16,383 at a cost of 1 take two digits, all other pairs five each. */
const SHORT_DIGITS = 2;
const LONG_DIGITS = 5;
const MAX_COUNT = 2 ** 32 - 1;

/** Whether a counter keeps single timestamps. */
export function isExact(capacity: number): boolean {
  return capacity <= MAX_EXACT_CAPACITY;
}

/** How long a counter's events matter after the newest, in milliseconds. */
export function keepMs({ kind, windowMs, capacity }: Counter): number {
  const { spanMs, unitMs } = new CounterShape(kind, windowMs, capacity);
  return spanMs + unitMs + GRACE_MS;
}

/** Events for a history, and what is known of it. */
export function historyText({ events, most, keepMs, known }: HistoryQuery): string {
  const position = digits(known.born, 5) + digits(known.next, 5) + digits(known.revision, 5);
  const sizes = digits(events[0].length, 1) + digits(events.length, 1);
  return position + digits(most, 2) + digits(keepMs, MILLISECONDS_DIGITS) + sizes + events.join('');
}

/** A plan: head, counters with their rules, and details, of any characters, which are read where they are needed. */
export function planText(keep: number, counters: readonly string[], details: string): string {
  const head = digits(keep, MILLISECONDS_DIGITS) + digits(counters.length, COUNTERS_DIGITS);
  const body = counters.join('');
  const place = head.length + PLACE_DIGITS + body.length + 1;
  return head + digits(place, PLACE_DIGITS) + body + details;
}

/** One counter, followed by so many rules. */
export function counterText({ kind, windowMs, capacity, class: counts }: Counter, rules: number): string {
  const format = kind === 'pacing' ? KINDS.pacing : isExact(capacity) ? KINDS.ring : KINDS.subBuckets;
  const seconds = windowMs / 1_000;
  const isShort = Number.isInteger(seconds) && seconds < 128 ** SECONDS_DIGITS;
  const kindDigit = format + (counts === 'attempts' ? ATTEMPTS : 0) + (isShort ? 0 : IN_MILLISECONDS);
  const window = isShort ? digits(seconds, SECONDS_DIGITS) : digits(windowMs, MILLISECONDS_DIGITS);
  const ring = format === KINDS.ring ? Math.max(1, capacity) - 1 : 0;
  return digits(kindDigit, 1) + window + digits(ring, 1) + digits(rules, 1);
}

/** What is asked of a rule in one request. */
export interface RuleNumbers {
  readonly threshold: number;
  /** 0: left out. */
  readonly cost: number;
  readonly denies: boolean;
  readonly passive: boolean;
  readonly peek: boolean;
  readonly bans: boolean;
}

/** One rule of the counter before it. */
export function ruleText(rule: RuleNumbers): string {
  const { threshold, cost } = rule;
  const isShort = cost === 1 && threshold < 128 ** SHORT_DIGITS;
  let flags = isShort ? 0 : FLAGS.long;
  for (const flag of ['denies', 'passive', 'peek', 'bans'] as const) if (rule[flag]) flags += FLAGS[flag];
  if (isShort) return digits(flags, 1) + digits(threshold, SHORT_DIGITS);
  const counts = [threshold, cost].map((value) => digits(Math.min(value, MAX_COUNT), LONG_DIGITS));
  return digits(flags, 1) + counts.join('');
}
