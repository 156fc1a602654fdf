import { countPages, firstWithin } from '../history-window.js';
import { defineSignal } from '../signal.js';
import { amount, count, duration } from './thresholds.js';

/**
 * A sudden spike against the actor's own earlier pace.
 *
 * Reliability: medium. Cost: one pass over the history. False positives: an office arriving in the morning behind one address,
 * applications that load much at once after an idle time.
 */
export const burstDetection = defineSignal({
  name: 'burstDetection',
  tier: 'intermediate',
  summary: 'much faster all at once than the actor was before',
  risk: 'applications that load much at once after an idle time look alike',
  weight: 1,
  defaults: { window: 10_000, minPages: 25, minBaseline: 8, factor: 8 },
  schema: { window: duration(), minPages: count(2, 60), minBaseline: count(1, 60), factor: amount(1, 1000) },
  assess({ timeMs }, history, { window, minPages, minBaseline, factor }) {
    if (history.length < minPages + minBaseline) return undefined;
    const first = firstWithin(history, timeMs, window);
    const recent = countPages(history, first);
    const before = countPages(history, 0) - recent;
    if (recent < minPages || before < minBaseline || first === 0) return undefined;
    const spanMs = Math.max(window, timeMs - window - history.timeMs(0));
    const usual = (before * window) / spanMs;
    if (recent < factor * usual) return undefined;
    return {
      score: recent >= 2 * factor * usual ? 40 : 25,
      confidence: 0.8,
      reason: `${recent} pages in ${window / 1000} s, where ${usual.toFixed(1)} were usual`,
    };
  },
});
