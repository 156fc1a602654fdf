import { counterWords, createCounter } from '../../windows/counter.js';
import {
  MAX_TAG,
  capacityOf,
  formatOf,
  moveCounter,
  tagOf,
  wordsFor,
  wordsOf,
  type Words,
} from '../../windows/packed-counter.js';
import type { LaidOutGroup } from './layout.js';
import type { Chunk, Slab } from './slab.js';

/**
 * A block is one actor's counters of one partition, one after the other, in the order of their first event. It ends
 * where the next header would be 0, or with its room.
 */

/** Tag of a counter that is dropped when its block is rebuilt. */
const VOID_TAG = MAX_TAG;

/** Marks a counter to be dropped when its block is rebuilt. */
export function voidCounter(words: Words, at: number): void {
  words[at] = (words[at] | (VOID_TAG << 26)) >>> 0;
}

/** Points the group's counters at their words in the block that begins at `start`. */
export function locateCounters({ all, byTag, block }: LaidOutGroup, chunk: Chunk, start: number): void {
  for (let i = 0; i < all.length; i++) all[i].at = -1;
  const words = chunk.words;
  block.words = words;
  const end = start + chunk.blockWords;
  for (let p = start; p < end;) {
    const header = words[p];
    if (header === 0) return;
    const counter = byTag[tagOf(header)];
    if (counter !== undefined) counter.at = p;
    p += wordsOf(header);
  }
}

/**
 * Copies a block (reference 0: there is none) into a larger one, in which counters have the capacity wanted and exist, and
 * points the group's counters there. The old one is not released. O(words of the block), amortised by the doubling of
 * capacities.
 *
 * @returns the new reference; 0 if memory is exhausted: then nothing has changed.
 */
export function rebuildBlock(group: LaidOutGroup, old: number, slab: Slab): number {
  const reference = slab.allocate(wordsNeeded(group, old, slab));
  if (reference === 0) return 0;
  const { words, blockWords } = slab.chunkOf(reference);
  const start = slab.offset(reference);
  group.block.words = words;
  let to = old === 0 ? start : moveCounters(group, old, slab, words, start);
  for (const counter of group.all) {
    if (counter.at >= 0 || counter.wanted < 0) continue;
    counter.at = to;
    createCounter(counter, counter.tag, counter.wanted);
    to += wordsOf(words[to]);
  }
  if (to < start + blockWords) words[to] = 0;
  return reference;
}

function moveCounters({ byTag }: LaidOutGroup, old: number, slab: Slab, words: Words, start: number): number {
  const { words: from, blockWords } = slab.chunkOf(old);
  const end = slab.offset(old) + blockWords;
  let to = start;
  for (let p = slab.offset(old); p < end && from[p] !== 0; p += wordsOf(from[p])) {
    const tag = tagOf(from[p]);
    if (tag === VOID_TAG) continue;
    const counter = byTag[tag];
    moveCounter(from, p, words, to, Math.max(counter?.wanted ?? -1, capacityOf(from[p])));
    if (counter !== undefined) counter.at = to;
    to += wordsOf(words[to]);
  }
  return to;
}

function wordsNeeded({ all, byTag }: LaidOutGroup, old: number, slab: Slab): number {
  let needed = 0;
  for (const counter of all) {
    if (counter.at < 0 && counter.wanted >= 0) needed += counterWords(counter, counter.wanted);
  }
  if (old === 0) return needed;
  const { words, blockWords } = slab.chunkOf(old);
  const end = slab.offset(old) + blockWords;
  for (let p = slab.offset(old); p < end && words[p] !== 0; p += wordsOf(words[p])) {
    const tag = tagOf(words[p]);
    if (tag === VOID_TAG) continue;
    needed += wordsFor(formatOf(words[p]), Math.max(byTag[tag]?.wanted ?? -1, capacityOf(words[p])));
  }
  return needed;
}
