import type { ActorHistory } from '../../history/actor-history.js';
import type { RiskSettings } from '../risk-settings.js';
import { seconds, type Detector } from './detector.js';

/** Gaps needed before a given period is looked for. */
const FEWEST_GAPS = 3;
/** The period that is not given is the median of the last gaps: of so many. */
const SAMPLE = 5;
/** What comes faster on average is a burst, whose gaps the network makes. */
const SHORTEST_MEAN_MS = 250;
/** Up to this share of equal gaps may be chance. */
const CHANCE = 0.7;

/** The last gaps in ascending order; filled and read within one call. */
const sample = new Float64Array(SAMPLE);

/**
 * Events at equal distances. With `intervalMs`: the share of the gaps within the window that are within the tolerance of it. Without:
 * the same of the last `intervalMinGaps` gaps and the median of the last five, where 0.7 is no risk yet and 1 is all of it; a
 * person's gaps are spread over orders of magnitude, so that hardly a third are near any of them.
 */
export const interval: Detector = {
  name: 'interval',
  assess: (history, settings) => {
    if (settings.intervalMs !== undefined) return givenShare(history);
    const share = regularShare(history, settings);
    return share <= CHANCE ? 0 : (share - CHANCE) / (1 - CHANCE);
  },
  explain: (history, settings) => {
    const { intervalMs, intervalToleranceRatio, intervalMinGaps } = settings;
    const tolerance = percent(intervalToleranceRatio);
    if (intervalMs !== undefined) {
      const gaps = history.recent - 1;
      return `${history.fits} of ${gaps} gaps are ${seconds(intervalMs)} (± ${tolerance})`;
    }
    const near = Math.round(regularShare(history, settings) * intervalMinGaps);
    return `${near} of the last ${intervalMinGaps} gaps are ${seconds(sample[Math.min(SAMPLE, intervalMinGaps) >> 1])} (± ${tolerance})`;
  },
};

function givenShare(history: ActorHistory): number {
  const gaps = history.recent - 1;
  return gaps < FEWEST_GAPS ? 0 : history.fits / gaps;
}

/** @returns 0 where it can't exceed `CHANCE`. Leaves the last gaps in `sample`. O(gaps), and less where they are irregular. */
function regularShare(history: ActorHistory, settings: RiskSettings): number {
  const { intervalMinGaps: gaps, intervalToleranceRatio } = settings;
  if (gaps === 0 || history.recent <= gaps) return 0;
  const last = history.length - 1;
  const newestMs = history.timeMs(last);
  if (newestMs - history.timeMs(last - gaps) < SHORTEST_MEAN_MS * gaps) return 0;
  const periodMs = lastMedian(history, Math.min(SAMPLE, gaps));
  const toleranceMs = periodMs * intervalToleranceRatio;
  let mayDiffer = Math.floor(gaps * (1 - CHANCE));
  let later = newestMs;
  let near = 0;
  for (let i = last - 1; i >= last - gaps; i--) {
    const earlier = history.timeMs(i);
    if (Math.abs(later - earlier - periodMs) <= toleranceMs) near++;
    else if (mayDiffer-- === 0) return 0;
    later = earlier;
  }
  return near / gaps;
}

function lastMedian(history: ActorHistory, count: number): number {
  let later = history.timeMs(history.length - 1);
  for (let i = 0; i < count; i++) {
    const earlier = history.timeMs(history.length - 2 - i);
    const gap = later - earlier;
    let place = i;
    for (; place > 0 && sample[place - 1] > gap; place--) sample[place] = sample[place - 1];
    sample[place] = gap;
    later = earlier;
  }
  return sample[count >> 1];
}

function percent(part: number): string {
  return `${Math.round(part * 1_000) / 10} %`;
}
