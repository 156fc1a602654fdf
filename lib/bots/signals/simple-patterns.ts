import type { BehaviorHistory } from '../../history/behavior-history.js';
import { alphabeticalRun, sequentialRun } from '../actor-memory.js';
import type { ActorMemory } from '../bot-request.js';
import { isAsset, isGuess, isProbe, isUnmatched, isWrite } from '../event-flags.js';
import { SmallSet, firstWithin, isRefusal } from '../history-window.js';
import { defineSignal, type SignalOutput } from '../signal.js';
import { amount, capped, count, duration } from './thresholds.js';

const missed = new SmallSet();
const refused = new SmallSet();
const served = new SmallSet();

const REPEAT_WINDOW_MS = 60_000;
const REPEAT_FAST_MS = 10_000;

/**
 * Scanning (many distinct paths that are not there, and few that are), hammering one path that refuses (logins), writes that reach
 * nothing, ids counted up, and lists of words in alphabetical order.
 *
 * Reliability: high for scanning and hammering, medium for walks. Cost: one pass over the history. False positives: sites
 * with many broken links, people who page quickly through a gallery.
 */
export const simplePatterns = defineSignal({
  name: 'simplePatterns',
  tier: 'simple',
  summary: 'scans, hammers what refuses it, or walks ids or words in order',
  risk: 'a site with many broken links makes people look like scanners',
  weight: 1,
  defaults: {
    missed: 5,
    missedShare: 0.25,
    refused: 12,
    repeats: 6,
    lostWrites: 3,
    steps: 12,
    stepPace: 2000,
  },
  schema: {
    missed: count(2, 64),
    missedShare: amount(0, 1),
    refused: count(2, 64),
    repeats: count(2, 64),
    lostWrites: count(1, 64),
    steps: count(4, 64),
    stepPace: duration(),
  },
  assess({ timeMs, memory }, history, thresholds) {
    const found = [
      scanning(history, thresholds),
      repeating(history, timeMs, thresholds.repeats),
      walking(history, memory, thresholds),
    ];
    let strongest: SignalOutput | undefined;
    for (const output of found)
      if (output !== undefined && output.score > (strongest?.score ?? 0)) strongest = output;
    return strongest;
  },
});

interface ScanThresholds {
  readonly missed: number;
  readonly missedShare: number;
  readonly refused: number;
  readonly lostWrites: number;
}

function scanning(history: BehaviorHistory, thresholds: ScanThresholds): SignalOutput | undefined {
  missed.clear();
  refused.clear();
  served.clear();
  let lostWrites = 0;
  for (let index = 0; index < history.length; index++) {
    const flags = history.flags(index);
    if (isAsset(flags)) continue;
    const outcome = history.outcome(index);
    const target = history.target(index);
    if (outcome === 'success') served.add(target);
    else if (isRefusal(outcome)) {
      refused.add(target);
      if (!isUnmatched(flags)) continue;
      if (outcome === 'notFound') missed.add(target);
      if (isWrite(flags)) lostWrites++;
    }
  }
  if (missed.size >= thresholds.missed && missed.size >= thresholds.missedShare * (missed.size + served.size))
    return {
      score: capped(40 + 5 * (missed.size - thresholds.missed)),
      confidence: 0.9,
      reason: `asked for ${missed.size} different paths that are not there, and for ${served.size} that are`,
    };
  if (lostWrites >= thresholds.lostWrites)
    return {
      score: capped(40 + 5 * (lostWrites - thresholds.lostWrites)),
      confidence: 0.85,
      reason: `sent ${lostWrites} writes that reached nothing`,
    };
  if (refused.size < thresholds.refused || refused.size < served.size) return undefined;
  return {
    score: capped(35 + 3 * (refused.size - thresholds.refused)),
    confidence: 0.9,
    reason: `was refused on ${refused.size} different paths`,
  };
}

/** The same target, refused (or a login, written to) again and again. */
function repeating(history: BehaviorHistory, timeMs: number, repeats: number): SignalOutput | undefined {
  const newest = history.length - 1;
  if (newest + 1 < repeats || isAsset(history.flags(newest))) return undefined;
  const target = history.target(newest);
  let refusals = 0;
  let fastLogins = 0;
  let fastMisses = 0;
  for (let index = firstWithin(history, timeMs, REPEAT_WINDOW_MS); index <= newest; index++) {
    const flags = history.flags(index);
    const outcome = history.outcome(index);
    const isFast = timeMs - history.timeMs(index) <= REPEAT_FAST_MS;
    if (isFast && outcome === 'notFound' && isUnmatched(flags)) fastMisses++;
    if (history.target(index) !== target) continue;
    if (outcome === 'unauthorized' || outcome === 'forbidden' || (isRefusal(outcome) && isWrite(flags)))
      refusals++;
    else if (isFast && isWrite(flags) && (isGuess(flags) || isProbe(flags))) fastLogins++;
  }
  const most = Math.max(refusals, fastLogins);
  if (most >= repeats)
    return {
      score: capped(40 + 3 * (most - repeats)),
      confidence: 0.85,
      reason: `tried one path ${most} times in a minute`,
    };
  // Twice as many: a page with one broken link asks for it a few times.
  if (fastMisses < 2 * repeats) return undefined;
  return {
    score: 40,
    confidence: 0.85,
    reason: `was answered "not found" ${fastMisses} times in ten seconds`,
  };
}

function walking(
  history: BehaviorHistory,
  memory: ActorMemory | undefined,
  { steps, stepPace }: { readonly steps: number; readonly stepPace: number },
): SignalOutput | undefined {
  const ids = sequentialRun(memory);
  const words = alphabeticalRun(memory);
  const run = Math.max(ids, words);
  if (run < steps || history.length <= steps) return undefined;
  const newest = history.length - 1;
  const paceMs = (history.timeMs(newest) - history.timeMs(newest - steps)) / steps;
  if (paceMs > stepPace) return undefined;
  const what = ids >= words ? 'ids one by one' : 'names in alphabetical order';
  return { score: run >= 2 * steps ? 55 : 40, confidence: 0.8, reason: `asked for ${run} ${what}` };
}
