import { EVENT_FLAGS, isAsset } from '../event-flags.js';
import { SmallSet } from '../history-window.js';
import { defineSignal } from '../signal.js';
import { amount, count } from './thresholds.js';

const targets = new SmallSet();

/**
 * How an actor moves through the site: many pages, each once, none of them reached from another page of the site, and nothing
 * of what pages bring along. People come back to pages and load what belongs to them.
 *
 * Reliability: medium. Cost: one pass over the history. False positives: sites whose assets come from another host and whose
 * pages suppress the referrer; clients of programming interfaces: not for those.
 */
export const advancedIntent = defineSignal({
  name: 'advancedIntent',
  tier: 'advanced',
  summary: 'takes page after page, each once, and nothing of what belongs to them',
  risk: 'clients of programming interfaces, and sites that keep assets elsewhere, look alike',
  weight: 1,
  defaults: { minPages: 25, minDiversity: 0.9 },
  schema: { minPages: count(5, 64), minDiversity: amount(0, 1) },
  assess(_request, history, { minPages, minDiversity }) {
    if (history.length < minPages) return undefined;
    targets.clear();
    let pages = 0;
    for (let index = 0; index < history.length; index++) {
      const flags = history.flags(index);
      if (isAsset(flags) || (flags & EVENT_FLAGS.referred) !== 0 || (flags & EVENT_FLAGS.authenticated) !== 0)
        return undefined;
      if (history.outcome(index) === 'redirect') continue;
      pages++;
      targets.add(history.target(index));
    }
    if (pages < minPages || targets.size < minDiversity * pages) return undefined;
    return {
      score: 40,
      confidence: 0.8,
      reason: `took ${targets.size} different pages in ${pages} requests and nothing with them`,
    };
  },
});
