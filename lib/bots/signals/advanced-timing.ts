import { pageGaps, spread, type Gaps } from '../history-window.js';
import { defineSignal } from '../signal.js';
import { amount, count, duration } from './thresholds.js';

const LONGEST_PERIOD = 4;

/**
 * Gaps that repeat with a period of two to four requests, or that grow or shrink by a constant step.
 *
 * Reliability: medium. Cost: a few passes over the last gaps. False positives: applications that call several paths in turn on
 * timers, and clients that back off after errors.
 */
export const advancedTiming = defineSignal({
  name: 'advancedTiming',
  tier: 'advanced',
  summary: 'gaps that repeat or change by a constant step',
  risk: 'applications with several timers, and clients that back off after errors, look alike',
  weight: 1,
  defaults: { minIntervals: 12, tolerance: 0.08, minInterval: 300, maxInterval: 600_000, minTargets: 4 },
  schema: {
    minIntervals: count(8, 60),
    tolerance: amount(0, 1),
    minInterval: duration(),
    maxInterval: duration(),
    minTargets: count(1, 64),
  },
  assess(_request, history, { minIntervals, tolerance, minInterval, maxInterval, minTargets }) {
    if (history.length <= minIntervals) return undefined;
    const gaps = pageGaps(history, 32, maxInterval);
    if (gaps.count < minIntervals || gaps.targets < minTargets) return undefined;
    const { mean, variation } = spread(gaps);
    // Even gaps are `basicTiming`'s.
    if (mean < minInterval || variation < tolerance) return undefined;
    const allowedMs = mean * tolerance;
    for (let period = 2; period <= LONGEST_PERIOD; period++)
      if (largestChange(gaps, period) <= allowedMs)
        return { score: 45, confidence: 0.75, reason: `its gaps repeat every ${period} requests` };
    if (!isProgression(gaps, allowedMs)) return undefined;
    return { score: 45, confidence: 0.75, reason: 'its gaps change by a constant step' };
  },
});

function largestChange({ valuesMs, count }: Gaps, period: number): number {
  let largest = 0;
  for (let index = period; index < count; index++)
    largest = Math.max(largest, Math.abs(valuesMs[index] - valuesMs[index - period]));
  return largest;
}

function isProgression({ valuesMs, count }: Gaps, allowedMs: number): boolean {
  const step = (valuesMs[count - 1] - valuesMs[0]) / (count - 1);
  if (step === 0) return false;
  for (let index = 0; index < count; index++)
    if (Math.abs(valuesMs[index] - valuesMs[0] - step * index) > allowedMs) return false;
  return true;
}
