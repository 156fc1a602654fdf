import { pageGaps, spread } from '../history-window.js';
import { defineSignal } from '../signal.js';
import { amount, count, duration } from './thresholds.js';

/**
 * Intervals between requests too regular to be a person's. Requests for one target alone don't count: pages poll.
 *
 * Reliability: medium; a client that waits a random time escapes it. Cost: one pass over the last events. False positives:
 * applications that call several paths in turn on a timer.
 */
export const basicTiming = defineSignal({
  name: 'basicTiming',
  tier: 'simple',
  summary: 'requests come at intervals too regular for a person',
  risk: 'pages that poll several paths on a timer look alike',
  weight: 1,
  defaults: { minIntervals: 12, maxVariation: 0.1, minInterval: 500, maxInterval: 600_000, minTargets: 4 },
  schema: {
    minIntervals: count(4, 60),
    maxVariation: amount(0, 1),
    minInterval: duration(),
    maxInterval: duration(),
    minTargets: count(1, 64),
  },
  assess(_request, history, { minIntervals, maxVariation, minInterval, maxInterval, minTargets }) {
    if (history.length <= minIntervals) return undefined;
    const gaps = pageGaps(history, 24, maxInterval);
    if (gaps.count < minIntervals || gaps.targets < minTargets) return undefined;
    const { mean, variation } = spread(gaps);
    if (mean < minInterval || variation > maxVariation) return undefined;
    return {
      score: gaps.count >= 2 * minIntervals ? 55 : 40,
      confidence: 0.8,
      reason: `${gaps.count} intervals of about ${Math.round(mean)} ms vary by ${Math.round(variation * 100)} % only`,
    };
  },
});
