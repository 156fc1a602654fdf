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

/** Gaps between the last events that are no assets, in milliseconds, oldest first. */
export class Gaps {
  readonly valuesMs = new Float64Array(64);
  count = 0;
  /** Distinct targets among the events. */
  targets = 0;
}

const targets = new SmallSet();
const gaps = new Gaps();

/**
 * The gaps between the last `most` + 1 events that are no assets, at most 64; a pause longer than `pauseMs` begins anew. The answer
 * holds until the next call.
 */
export function pageGaps(history: BehaviorHistory, most: number, pauseMs: number): Gaps {
  const { valuesMs } = gaps;
  let count = 0;
  targets.clear();
  let later: number | undefined;
  for (let index = history.length - 1; index >= 0 && count < most; index--) {
    if (isAsset(history.flags(index))) continue;
    const time = history.timeMs(index);
    if (later !== undefined) {
      if (later - time > pauseMs) break;
      valuesMs[count++] = later - time;
    }
    targets.add(history.target(index));
    later = time;
  }
  for (let low = 0, high = count - 1; low < high; low++, high--) {
    const value = valuesMs[low];
    valuesMs[low] = valuesMs[high];
    valuesMs[high] = value;
  }
  gaps.count = count;
  gaps.targets = targets.size;
  return gaps;
}

/** Mean, and standard deviation as a share of it (0 for a mean of 0). */
export function spread({ valuesMs, count }: Gaps): { readonly mean: number; readonly variation: number } {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += valuesMs[i];
  const mean = sum / Math.max(1, count);
  if (mean === 0) return { mean, variation: 0 };
  let square = 0;
  for (let i = 0; i < count; i++) square += (valuesMs[i] - mean) ** 2;
  return { mean, variation: Math.sqrt(square / count) / mean };
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
