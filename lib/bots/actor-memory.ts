import type { Outcome } from '../history/behavior-history.js';
import type { ActorMemory } from './bot-request.js';

/** Words kept for an actor, each of 32 bits. */
export const MEMORY_WORDS = 4;

const HOUR_MS = 3_600_000;
const BYTE = 0xff;
const HALF = 0xffff;
/** Longest path of which a step is looked for. */
const LONGEST_PATH = 256;
/** Longer numbers are no ids that are counted up. */
const MOST_DIGITS = 9;
/** Of a path without a number. */
const NO_ID = 0x3fff_ffff;

/**
 * The words after one more request, to be stored when its response ends.
 *
 * | word | bits | holds |
 * |---|---|---|
 * | 0 | 0–31 | the last number in the path |
 * | 1 | 0–7, 8–15, 16–31 | steps in alphabetical order, steps by one id, a hash of the path without its number |
 * | 2 | 0–15, 16–31 | the first three letters of the last path segment, a hash of the user agent |
 * | 3 | 0–7, 8–15, 16–31 | requests refused or failed, requests served, hour when first seen (modulo 65,536) |
 *
 * Assets change the counts of word 3 alone. Counts halve together when one is full, so that they keep their ratio; who was refused
 * once keeps at least one refusal.
 */
export function advanceMemory(before: ActorMemory | undefined, event: MemoryEvent): Uint32Array {
  const { path, outcome, timeMs, asset, agentHash } = event;
  const words = before === undefined ? new Uint32Array(MEMORY_WORDS) : Uint32Array.from(before);
  enterMemory(words, before === undefined, { ...stepOf(path), agentHash }, timeMs, asset);
  closeMemory(words, outcome);
  return words;
}

/** The part of it that is known when a request arrives. Changes the words, which are all 0 for a client that is new. */
export function enterMemory(
  words: MemoryWords,
  isNew: boolean,
  { agentHash, id, template, letters }: MemoryArrival,
  timeMs: number,
  asset: boolean,
): void {
  if (isNew) words[3] = (Math.floor(timeMs / HOUR_MS) & HALF) << 16;
  const before = words[2] & HALF;
  words[2] = before | (agentHash << 16);
  if (asset) return;
  const isStep = !isNew && words[1] >>> 16 === template && id !== NO_ID && Math.abs(id - words[0]) === 1;
  const sequential = isStep ? Math.min(((words[1] >>> 8) & BYTE) + 1, BYTE) : 0;
  const order = isNew ? 0 : letters - before;
  const alphabetical = words[1] & BYTE;
  const inOrder = order > 0 ? Math.min(alphabetical + 1, BYTE) : order === 0 ? alphabetical : 0;
  words[0] = id === NO_ID ? 0 : id;
  words[1] = (template << 16) | (sequential << 8) | inOrder;
  words[2] = (agentHash << 16) | letters;
}

/** The part of it that is known when the response has ended. Changes the words. */
export function closeMemory(words: MemoryWords, outcome: Outcome): void {
  words[3] = countOutcome(words[3], outcome) | (words[3] & ~HALF);
}

/** The words, to be changed. */
export type MemoryWords = Uint32Array | number[];

/** What `enterMemory` takes from a request that arrives. */
export interface MemoryArrival extends Step {
  /** 16 bits. */
  readonly agentHash: number;
}

/** What `advanceMemory` takes from a request that has been answered. */
export interface MemoryEvent {
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly outcome: Outcome;
  readonly asset: boolean;
  /** 16 bits. */
  readonly agentHash: number;
}

/** Steps by one in the number of otherwise equal paths, one after the other. */
export function sequentialRun(memory: ActorMemory | undefined): number {
  return memory === undefined ? 0 : (memory[1] >>> 8) & BYTE;
}

/** Paths in alphabetical order, one after the other. */
export function alphabeticalRun(memory: ActorMemory | undefined): number {
  return memory === undefined ? 0 : memory[1] & BYTE;
}

/** 16 bits of the last user agent; `undefined` for an actor seen first. */
export function lastAgentHash(memory: ActorMemory | undefined): number | undefined {
  return memory === undefined ? undefined : memory[2] >>> 16;
}

/** Requests served, of at most 255 kept; the ratio to `failedCount` holds for all. */
export function servedCount(memory: ActorMemory): number {
  return (memory[3] >>> 8) & BYTE;
}

/** Requests refused or failed, of at most 255 kept. */
export function failedCount(memory: ActorMemory): number {
  return memory[3] & BYTE;
}

/** Whether the actor may ever have been refused, so that its history is worth a look for it. */
export function mayHaveFailed(memory: ActorMemory | undefined): boolean {
  return memory === undefined || failedCount(memory) > 0;
}

/** Whole hours since the actor was seen first; wrong by a multiple of 7.5 years where that is longer ago. */
export function ageHours(memory: ActorMemory, timeMs: number): number {
  return (Math.floor(timeMs / HOUR_MS) - (memory[3] >>> 16)) & HALF;
}

function countOutcome(word: number, outcome: Outcome): number {
  let served = (word >>> 8) & BYTE;
  let failed = word & BYTE;
  if (outcome === 'success') served++;
  else if (outcome !== 'redirect' && outcome !== 'unknown' && outcome !== 'serverError') failed++;
  if (served > BYTE || failed > BYTE) {
    served >>>= 1;
    failed = (failed + 1) >>> 1;
  }
  return (served << 8) | failed;
}

/** A hash of 32 bits (FNV-1a) of at most `length` characters. */
export function hashText(text: string, length = LONGEST_PATH): number {
  let hash = 0x811c9dc5;
  const end = Math.min(text.length, length);
  for (let index = 0; index < end; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** Folds 32 bits into 16. */
export function foldHash(hash: number): number {
  return (hash ^ (hash >>> 16)) & HALF;
}

/** Where a path stands in the order of paths. */
export interface Step {
  /** The last number in the path, below 10⁹, or `NO_ID`. */
  readonly id: number;
  /** 16 bits: the path with its last number left out. */
  readonly template: number;
  /** 15 bits: the first three letters of the last segment, in alphabetical order. */
  readonly letters: number;
}

/** Where a path stands in the order of paths. Never throws. */
export function stepOf(path: string): Step {
  const query = path.indexOf('?');
  const plain = path.slice(0, Math.min(query === -1 ? path.length : query, LONGEST_PATH));
  let end = plain.length;
  while (end > 0 && !isDigit(plain.charCodeAt(end - 1))) end--;
  let begin = end;
  while (begin > 0 && end - begin < MOST_DIGITS && isDigit(plain.charCodeAt(begin - 1))) begin--;
  const id = end === 0 ? NO_ID : Number(plain.slice(begin, end));
  const template = foldHash(templateHash(plain, begin, end));
  return { id, template, letters: lettersOf(plain) };
}

/** The hash of a path with `#` in place of its number. */
function templateHash(path: string, begin: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < begin; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ 0x23, 0x01000193);
  for (let i = end; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function lettersOf(path: string): number {
  const begin = path.lastIndexOf('/') + 1;
  let letters = 0;
  for (let index = begin; index < begin + 3; index++) {
    const code = index < path.length ? path.charCodeAt(index) | 32 : 96;
    letters = (letters << 5) | Math.min(31, Math.max(0, code - 96));
  }
  return letters;
}
