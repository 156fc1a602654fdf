import type { ActorHistory } from '../history/actor-history.js';
import type { RiskSettings } from './risk-settings.js';

const WARN = 1;
const DELAY = 2;
const BLOCK = 3;

/**
 * Raises a decision where the actor was warned (delayed) `escalateAfter` times before without a quiet window since: warnings become
 * delays, and delays blocks. Counts this decision.
 *
 * @param step index of the decision. @returns index of the decision to be made.
 */
export function escalate(
  history: ActorHistory,
  { escalateAfter, windowMs }: RiskSettings,
  step: number,
): number {
  if (escalateAfter === 0 || step === 0) return step;
  if (history.nowMs - history.lastStrikeMs >= windowMs) history.forgive();
  let raised = step;
  if (raised === WARN && history.warnings >= escalateAfter) raised = DELAY;
  if (raised === DELAY && history.delays >= escalateAfter) raised = BLOCK;
  history.strike(raised === WARN, raised === DELAY);
  return raised;
}
