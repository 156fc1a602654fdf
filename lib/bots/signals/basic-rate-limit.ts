import { exceedsRate } from '../history-window.js';
import { defineSignal } from '../signal.js';
import { count } from './thresholds.js';

/**
 * More pages than a person asks for, by fixed limits. Images, scripts and the like don't count.
 *
 * Reliability: medium. Cost: the events of the last second or minute. False positives: many people behind one address, and
 * applications whose pages make many calls; both want higher limits.
 */
export const basicRateLimit = defineSignal({
  name: 'basicRateLimit',
  tier: 'simple',
  summary: 'asks for more pages in a second or a minute than a person',
  risk: 'many people behind one address add up',
  weight: 1,
  defaults: { perSecond: 30, perMinute: 240 },
  schema: { perSecond: count(1), perMinute: count(1) },
  assess({ timeMs }, history, { perSecond, perMinute }) {
    if (exceedsRate(history, timeMs, perSecond, 1000))
      return { score: 60, confidence: 0.8, reason: `more than ${perSecond} pages in a second` };
    if (exceedsRate(history, timeMs, perMinute, 60_000))
      return { score: 45, confidence: 0.8, reason: `faster than ${perMinute} pages in a minute` };
    return undefined;
  },
});
