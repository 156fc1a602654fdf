import type { BehaviorHistory } from '../../history/behavior-history.js';
import { alphabeticalRun, mayHaveFailed, sequentialRun } from '../actor-memory.js';
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
/** Times the least number of steps from which ids alone are worth a challenge. */
const LONG_SERIES = 3;

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
    missed: 6,
    missedShare: 0.4,
    within: 604_800_000,
    refused: 12,
    repeats: 6,
    fastMisses: 16,
    lostWrites: 3,
    steps: 12,
    stepPace: 2000,
  },
  schema: {
    missed: count(2, 64),
    missedShare: amount(0, 1),
    within: duration(),
    refused: count(2, 64),
    repeats: count(2, 64),
    fastMisses: count(2, 64),
    lostWrites: count(1, 64),
    steps: count(4, 64),
    stepPace: duration(),
  },
  assess({ timeMs, memory }, history, thresholds) {
    const failed = mayHaveFailed(memory);
    const scan = failed ? scanning(history, timeMs, thresholds) : undefined;
    const repeat = failed || isTrying(history) ? repeating(history, timeMs, thresholds) : undefined;
    return stronger(stronger(scan, repeat), walking(history, memory, thresholds));
  },
});

/** The one that is said first, of equal ones. */
function stronger(
  first: SignalOutput | undefined,
  second: SignalOutput | undefined,
): SignalOutput | undefined {
  return (second?.score ?? 0) > (first?.score ?? 0) ? second : first;
}

/** Whether the newest request is for something that people log in to, or scanners ask for. */
function isTrying(history: BehaviorHistory): boolean {
  if (history.length === 0) return false;
  const flags = history.flags(history.length - 1);
  return isGuess(flags) || isProbe(flags);
}

interface ScanThresholds {
  readonly missed: number;
  readonly missedShare: number;
  readonly within: number;
  readonly refused: number;
  readonly lostWrites: number;
}

function scanning(
  history: BehaviorHistory,
  timeMs: number,
  thresholds: ScanThresholds,
): SignalOutput | undefined {
  const first = firstWithin(history, timeMs, thresholds.within);
  const { refusals, lostWrites } = countRefusals(history, first);
  const isScan = missed.size >= thresholds.missed;
  const isRefused = refused.size >= thresholds.refused;
  if (isScan || isRefused) countServed(history, first);
  if (isScan && missed.size >= thresholds.missedShare * (missed.size + served.size))
    return {
      score: capped(40 + 1.25 * (missed.size - thresholds.missed)),
      confidence: 0.9,
      reason: `asked for ${missed.size} different paths that are not there, and for ${served.size} that are`,
    };
  // A page with a broken beacon sends writes that reach nothing, too, but is served most of what it asks for.
  if (lostWrites >= thresholds.lostWrites && refusals * 2 > history.length - first)
    return {
      score: capped(40 + 5 * (lostWrites - thresholds.lostWrites)),
      confidence: 0.85,
      reason: `sent ${lostWrites} writes that reached nothing`,
    };
  if (!isRefused || refused.size < served.size) return undefined;
  return {
    score: capped(35 + 3 * (refused.size - thresholds.refused)),
    confidence: 0.9,
    reason: `was refused on ${refused.size} different paths`,
  };
}

/** Fills `missed` and `refused`. Who has no session is refused everywhere, which is no scan. */
function countRefusals(
  history: BehaviorHistory,
  first: number,
): { readonly refusals: number; readonly lostWrites: number } {
  missed.clear();
  refused.clear();
  let refusals = 0;
  let lostWrites = 0;
  for (let index = first; index < history.length; index++) {
    const outcome = history.outcome(index);
    if (!isRefusal(outcome)) continue;
    const flags = history.flags(index);
    if (isAsset(flags)) continue;
    refusals++;
    const target = history.target(index);
    if (outcome !== 'unauthorized') refused.add(target);
    if (!isUnmatched(flags)) continue;
    if (outcome === 'notFound') missed.add(target);
    if (isWrite(flags)) lostWrites++;
  }
  return { refusals, lostWrites };
}

/** Fills `served`. What the client has still in its cache counts (304), what leads to a path that is not there does not. */
function countServed(history: BehaviorHistory, first: number): void {
  served.clear();
  for (let index = first; index < history.length; index++) {
    const outcome = history.outcome(index);
    if (outcome !== 'success' && outcome !== 'redirect') continue;
    const target = history.target(index);
    if (!missed.has(target)) served.add(target);
  }
}

/** The same target, refused (or a login, written to) again and again. */
function repeating(
  history: BehaviorHistory,
  timeMs: number,
  { repeats, fastMisses: mostMisses }: { readonly repeats: number; readonly fastMisses: number },
): SignalOutput | undefined {
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
    // A page whose session has ended may ask again and again, but not that fast; writes are logins.
    const isDenied = outcome === 'unauthorized' || outcome === 'forbidden';
    if (isDenied ? isFast || isWrite(flags) : isFast && isWrite(flags) && isRefusal(outcome)) refusals++;
    else if (isFast && isWrite(flags) && (isGuess(flags) || isProbe(flags))) fastLogins++;
  }
  const most = Math.max(refusals, fastLogins);
  if (most >= repeats)
    return {
      score: capped(40 + 3 * (most - repeats)),
      confidence: 0.85,
      reason: `tried one path ${most} times, refused or to log in`,
    };
  // More: a page with one broken link, or a phone that looks for its icon, asks a few times.
  if (fastMisses < mostMisses) return undefined;
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
  if (ids >= words) {
    // People load a numbered series, too; only a long one stands for itself.
    const score = ids >= LONG_SERIES * steps ? 45 : 25;
    return { score, confidence: 0.8, reason: `asked for ${ids} ids one by one` };
  }
  // A list that people click through is in order, too, but what it names is there.
  let refusals = 0;
  for (let index = newest - steps; index < newest; index++) if (isRefusal(history.outcome(index))) refusals++;
  if (refusals * 2 < steps) return undefined;
  return {
    score: 45,
    confidence: 0.8,
    reason: `asked for ${words} names in alphabetical order, most refused`,
  };
}
