import type { HistoryNeeds } from '../history/history-shape.js';
import type { RiskSettings } from './risk-settings.js';

/** Above this a count needs more events than a history holds. */
const MOST_HELD = 127;

/** What the detectors need to see, for these settings. @param keepMs how long an idle actor is remembered at least. */
export function historyNeeds(settings: RiskSettings, keepMs = 0): HistoryNeeds {
  const { burstMaxEvents, repetitionMaxCount, hoppingMaxTargets, switchingMaxCount } = settings;
  const counted = Math.max(burstMaxEvents, repetitionMaxCount, hoppingMaxTargets, switchingMaxCount);
  return {
    windowMs: settings.windowMs,
    events: Math.max(2 * counted, settings.intervalMinGaps + 1),
    mostRepetitions: 2 * repetitionMaxCount,
    keepsFlags: false,
    intervalMs: settings.intervalMs,
    toleranceRatio: settings.intervalToleranceRatio,
    busy: burstMaxEvents > MOST_HELD || hoppingMaxTargets > MOST_HELD,
    keepMs: Math.max(settings.windowMs, keepMs),
  };
}
