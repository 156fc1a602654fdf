import type { Outcome } from './behavior-history.js';
import { ACTION_MASK } from './history-layout.js';

/** Characters of a text that its hash looks at: of a longer one, the first ones and its length. */
const MOST_CHARACTERS = 4_096;
/** Significant digits of a weight: what 13 bits hold. */
const MOST_MANTISSA = 8_191;
const MOST_EXPONENT = 7;
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7];

/** Longer texts are not kept for the next time. */
const LONGEST_REMEMBERED = 64;
/** Action of what has none. */
export const ACTION_OF_NONE = 0;

/** Code of a weight of 1. */
export const UNIT_WEIGHT = 1_000;
/** The largest weight; larger ones count as this. */
export const MOST_WEIGHT = (MOST_MANTISSA * 10 ** MOST_EXPONENT) / 1_000;

/**
 * A hash of 32 bits, the same in every process (after MurmurHash3's mixing, Appleby 2011). Not keyed: a client that names
 * targets freely can make two look like one.
 */
export function textHash(text: string): number {
  const length = text.length;
  const end = length < MOST_CHARACTERS ? length : MOST_CHARACTERS;
  let hash = length ^ 0x5bd1_e995;
  for (let i = 0; i < end; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The action asked for last, as there are few. */
let lastAction = '';
let lastCode = textHash('') & ACTION_MASK;

/** Identifies an action: 10 bits, so one of a thousand pairs of actions is taken for one. */
export function actionCode(action: string): number {
  if (action !== lastAction) {
    lastAction = action.length <= LONGEST_REMEMBERED ? action : '';
    lastCode = textHash(lastAction) & ACTION_MASK;
    if (lastAction !== action) return textHash(action) & ACTION_MASK;
  }
  return lastCode;
}

/**
 * A weight as a decimal number of 16 bits: 13 of mantissa, 3 of exponent, in thousandths. Exact up to 8.191 and for up to three
 * significant digits above; else rounded. What is no number counts as 1, what is negative as 0.
 */
export function weightCode(weight: number): number {
  if (!(weight >= 0)) return weight < 0 ? 0 : UNIT_WEIGHT;
  let thousandths = weight < MOST_WEIGHT ? weight * 1_000 : MOST_WEIGHT * 1_000;
  let exponent = 0;
  while (Math.round(thousandths) > MOST_MANTISSA) {
    thousandths /= 10;
    exponent++;
  }
  return (exponent << 13) | Math.round(thousandths);
}

/** The weight of a code, in thousandths: an integer. */
export function weightThousandths(code: number): number {
  return (code & MOST_MANTISSA) * POWERS[code >>> 13];
}

const OUTCOMES: readonly Outcome[] = [
  'unknown',
  'success',
  'redirect',
  'unauthorized',
  'forbidden',
  'notFound',
  'throttled',
  'clientError',
  'serverError',
];
const SPECIAL: Readonly<Record<number, number>> = { 401: 3, 403: 4, 404: 5, 429: 6 };
/** By the first digit of the status. */
const CLASSES = [0, 1, 1, 2, 7, 8];

/** Code of a status of a response, 4 bits. */
export function outcomeCode(status: number): number {
  return SPECIAL[status] ?? CLASSES[Math.floor(status / 100)] ?? 0;
}

/** What a code means. */
export function outcomeOf(code: number): Outcome {
  return OUTCOMES[code] ?? 'unknown';
}
