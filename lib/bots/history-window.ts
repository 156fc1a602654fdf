import type { BehaviorHistory, Outcome } from '../history/behavior-history.js';
import { isAsset } from './event-flags.js';

/** Index of the oldest event that is at most `windowMs` older than `timeMs`. O(events in the window). */
export function firstWithin(history: BehaviorHistory, timeMs: number, windowMs: number): number {
  let first = history.length;
  while (first > 0 && timeMs - history.timeMs(first - 1) <= windowMs) first--;
  return first;
}

/** Events from `first` on that are no assets: what a person asked for, not what the page brought along. */
export function countPages(history: BehaviorHistory, first: number): number {
  let count = 0;
  for (let index = first; index < history.length; index++) if (!isAsset(history.flags(index))) count++;
  return count;
}

/** Whether the request was answered, but not with what it asked for, by the client's doing. */
export function isRefusal(outcome: Outcome): boolean {
  return (
    outcome === 'notFound' ||
    outcome === 'unauthorized' ||
    outcome === 'forbidden' ||
    outcome === 'clientError'
  );
}

/** A set of at most 64 numbers, for counting what is distinct in a history; reused, so that nothing is allocated. */
export class SmallSet {
  private readonly values = new Int32Array(64);
  size = 0;

  clear(): void {
    this.size = 0;
  }

  has(value: number): boolean {
    const word = value | 0;
    for (let index = 0; index < this.size; index++) if (this.values[index] === word) return true;
    return false;
  }

  /** Adds a value unless it is in the set already or the set is full. */
  add(value: number): void {
    if (this.size < this.values.length && !this.has(value)) this.values[this.size++] = value | 0;
  }
}

/** Gaps between the last events that are no assets, oldest first. */
export interface Gaps {
  /** Milliseconds. */
  readonly gapsMs: readonly number[];
  /** Distinct targets among the events. */
  readonly targets: number;
}

const targets = new SmallSet();

/** The gaps between the last `most` + 1 events that are no assets; a pause longer than `pauseMs` begins anew. */
export function pageGaps(history: BehaviorHistory, most: number, pauseMs: number): Gaps {
  const gapsMs: number[] = [];
  targets.clear();
  let later: number | undefined;
  for (let index = history.length - 1; index >= 0 && gapsMs.length < most; index--) {
    if (isAsset(history.flags(index))) continue;
    const time = history.timeMs(index);
    if (later !== undefined) {
      if (later - time > pauseMs) break;
      gapsMs.push(later - time);
    }
    targets.add(history.target(index));
    later = time;
  }
  return { gapsMs: gapsMs.reverse(), targets: targets.size };
}

/** Mean, and standard deviation as a share of it (0 for a mean of 0). */
export function spread(values: readonly number[]): { readonly mean: number; readonly variation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  if (mean === 0) return { mean, variation: 0 };
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variation: Math.sqrt(square) / mean };
}

/**
 * Whether the actor asks for pages faster than `limit` per `windowMs`. A history is bounded, so a limit above what it holds is
 * judged by pace: 50 pages in less than the time that the limit allows for 50. Where most are for the same few targets, it is
 * somebody who reloads, polls, or loads a file in parts: a matter for a rule on that route, and no sign of a bot.
 */
export function exceedsRate(
  history: BehaviorHistory,
  timeMs: number,
  limit: number,
  windowMs: number,
): boolean {
  const proof = Math.min(limit, MOST_PROOF);
  const withinMs = (windowMs * proof) / limit;
  let count = 0;
  let index = history.length - 1;
  for (; index >= 0 && timeMs - history.timeMs(index) < withinMs; index--) {
    if (!isAsset(history.flags(index)) && ++count > proof) break;
  }
  if (count <= proof) return false;
  targets.clear();
  for (; index < history.length; index++) targets.add(history.target(index));
  return targets.size * LEAST_DIVERSITY >= count;
}

/** Pages that prove a pace; a history of 64 events holds them and a few assets. */
const MOST_PROOF = 50;
/** One in so many pages must be for a target of its own. */
const LEAST_DIVERSITY = 3;
