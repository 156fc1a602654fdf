import type { BehaviorHistory } from '../../history/behavior-history.js';
import { EVENT_FLAGS, isAsset, isUnmatched } from '../event-flags.js';
import { SmallSet, isRefusal } from '../history-window.js';
import { defineSignal } from '../signal.js';
import { amount, count } from './thresholds.js';

const served = new SmallSet();
const missed = new SmallSet();

/**
 * Five factors in one bounded score: how much was refused, how much reached nothing, whether assets were loaded with the pages, whether
 * pages were reached from the site's own, and whether the actor was ever authenticated.
 *
 * Reliability: medium. Cost: one pass over the history. False positives: clients of programming interfaces with many errors.
 * Bounded: it adds `most` at most, and takes away nothing that could buy immunity.
 */
export const behavioralCredibility = defineSignal({
  name: 'behavioralCredibility',
  tier: 'advanced',
  summary: 'refusals, dead ends, missing assets and missing referrers taken together',
  risk: 'clients of programming interfaces lack assets and referrers, too',
  weight: 1,
  defaults: { minEvents: 6, most: 45, relief: 5 },
  schema: { minEvents: count(2, 64), most: amount(0, 100), relief: amount(0, 5) },
  assess(_request, history, { minEvents, most, relief }) {
    if (history.length < minEvents) return undefined;
    const { refusedShare, missedShare, hasAssets, hasReferrers, isAuthenticated } = factorsOf(history);
    if (isAuthenticated && refusedShare < 0.1)
      return { score: -relief, confidence: 1, earned: true, reason: 'authenticated, and seldom refused' };
    const doubt = 0.5 * missedShare + 0.3 * refusedShare + (hasAssets ? 0 : 0.1) + (hasReferrers ? 0 : 0.1);
    // Without a refusal nothing is wrong with a client that loads no assets.
    if (refusedShare < 0.3 || doubt < 0.5) return undefined;
    return {
      score: Math.round(most * doubt),
      confidence: 0.8,
      reason: `${Math.round(refusedShare * 100)} % refused, ${Math.round(missedShare * 100)} % of its paths not there`,
    };
  },
});

interface Factors {
  readonly refusedShare: number;
  readonly missedShare: number;
  readonly hasAssets: boolean;
  readonly hasReferrers: boolean;
  readonly isAuthenticated: boolean;
}

function factorsOf(history: BehaviorHistory): Factors {
  served.clear();
  missed.clear();
  let refused = 0;
  let flagsSeen = 0;
  let hasAssets = false;
  for (let index = 0; index < history.length; index++) {
    const flags = history.flags(index);
    const outcome = history.outcome(index);
    flagsSeen |= flags;
    hasAssets ||= isAsset(flags);
    if (isRefusal(outcome)) refused++;
    if (outcome === 'success') served.add(history.target(index));
    else if (outcome === 'notFound' && isUnmatched(flags)) missed.add(history.target(index));
  }
  return {
    refusedShare: refused / history.length,
    missedShare: missed.size / Math.max(1, missed.size + served.size),
    hasAssets,
    hasReferrers: (flagsSeen & EVENT_FLAGS.referred) !== 0,
    isAuthenticated: (flagsSeen & EVENT_FLAGS.authenticated) !== 0,
  };
}
