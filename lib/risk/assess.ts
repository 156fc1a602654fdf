import type { ActorHistory } from '../history/actor-history.js';
import { burst } from './detectors/burst.js';
import type { Detector } from './detectors/detector.js';
import { hopping } from './detectors/hopping.js';
import { interval } from './detectors/interval.js';
import { repetition } from './detectors/repetition.js';
import { switching } from './detectors/switching.js';
import { weight } from './detectors/weight.js';
import { escalate } from './escalation.js';
import type { RiskSettings } from './risk-settings.js';
import { HARMLESS, RISK_DECISIONS, type RiskReason, type RiskVerdict } from './verdict.js';

const DETECTORS: readonly Detector[] = [burst, repetition, hopping, weight, interval, switching];
/** The risk of each, filled and read within one call. */
const risks = new Float64Array(DETECTORS.length);

/** Judges the newest event of a history. O(detectors); allocates nothing where there is no risk. */
export function assess(history: ActorHistory, settings: RiskSettings): RiskVerdict {
  let greatest = 0;
  for (let i = 0; i < DETECTORS.length; i++) {
    const risk = DETECTORS[i].assess(history, settings);
    risks[i] = risk;
    if (risk > greatest) greatest = risk;
  }
  if (greatest === 0) return HARMLESS;
  const reasons = reasonsOf(history, settings);
  const risk = settings.riskCombine === 'max' ? greatest : weightedMean(settings);
  const step = escalate(history, settings, stepOf(risk, settings));
  const decision = RISK_DECISIONS[step];
  return { decision, risk, reasons, delayMs: decision === 'delay' ? settings.delayMs : 0 };
}

function reasonsOf(history: ActorHistory, settings: RiskSettings): RiskReason[] {
  const reasons: RiskReason[] = [];
  for (let i = 0; i < DETECTORS.length; i++) {
    const { name } = DETECTORS[i];
    if (risks[i] > 0)
      reasons.push({ detector: name, risk: risks[i], text: DETECTORS[i].explain(history, settings) });
  }
  return reasons.length > 1 ? reasons.sort((a, b) => b.risk - a.risk) : reasons;
}

/** Of the risks that are not 0, so that a detector that sees nothing hides no other. */
function weightedMean({ weights }: RiskSettings): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < DETECTORS.length; i++) {
    if (risks[i] === 0) continue;
    const each = weights[DETECTORS[i].name];
    sum += risks[i] * each;
    total += each;
  }
  return total === 0 ? 0 : sum / total;
}

/** Index of the decision that the bands say. */
function stepOf(risk: number, { allowBelow, warnBelow, delayBelow }: RiskSettings): number {
  if (risk < allowBelow) return 0;
  if (risk < warnBelow) return 1;
  return risk < delayBelow ? 2 : 3;
}
