import type { ActorHistory } from '../../history/actor-history.js';
import type { RiskSettings } from '../risk-settings.js';
import { seconds, type Detector } from './detector.js';

/** Gaps needed before a given period is looked for. */
const FEWEST_GAPS = 3;
/** Most gaps that are looked at for a period that is not given. */
const MOST_GAPS = 254;
/** What comes faster on average is a burst, whose gaps the network makes. */
const SHORTEST_MEAN_MS = 250;
/** Up to this share of equal gaps may be chance. */
const CHANCE = 0.7;

/** Gaps in ascending order; filled and read within one call. */
const sorted = new Float64Array(MOST_GAPS);

/**
 * Events at equal distances. With `intervalMs`: the share of the gaps within the window that are within the tolerance of it. Without:
 * the same of the last `intervalMinGaps` gaps and their own median, where 0.7 is no risk yet and 1 is all of it; a person's gaps are
 * spread over orders of magnitude, so that hardly a fifth are near their median.
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
    if (intervalMs !== undefined) {
      const gaps = history.recent - 1;
      return `${history.fits} of ${gaps} gaps are ${seconds(intervalMs)} (± ${percent(intervalToleranceRatio)})`;
    }
    const share = regularShare(history, settings);
    const gaps = Math.min(intervalMinGaps, MOST_GAPS);
    const median = seconds(sorted[gaps >> 1]);
    return `${percent(share)} of the last ${gaps} gaps are ${median} (± ${percent(intervalToleranceRatio)})`;
  },
};

function givenShare(history: ActorHistory): number {
  const gaps = history.recent - 1;
  return gaps < FEWEST_GAPS ? 0 : history.fits / gaps;
}

/** Leaves the gaps in `sorted`. O(gaps²), with few gaps. */
function regularShare(
  history: ActorHistory,
  { intervalMinGaps, intervalToleranceRatio }: RiskSettings,
): number {
  const gaps = Math.min(intervalMinGaps, MOST_GAPS);
  if (gaps === 0 || history.recent <= gaps) return 0;
  const last = history.length - 1;
  if (history.timeMs(last) - history.timeMs(last - gaps) < SHORTEST_MEAN_MS * gaps) return 0;
  let later = history.timeMs(last);
  for (let i = 0; i < gaps; i++) {
    const earlier = history.timeMs(last - 1 - i);
    insert(later - earlier, i);
    later = earlier;
  }
  const median = sorted[gaps >> 1];
  const tolerance = median * intervalToleranceRatio;
  let near = 0;
  for (let i = 0; i < gaps; i++) if (Math.abs(sorted[i] - median) <= tolerance) near++;
  return near / gaps;
}

function insert(gap: number, length: number): void {
  let i = length;
  for (; i > 0 && sorted[i - 1] > gap; i--) sorted[i] = sorted[i - 1];
  sorted[i] = gap;
}

function percent(part: number): string {
  return `${Number((part * 100).toFixed(1))} %`;
}
