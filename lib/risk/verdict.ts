import type { DetectorName } from './risk-settings.js';

/** From harmless to hostile. */
export const RISK_DECISIONS = ['allow', 'warn', 'delay', 'block'] as const;

export type RiskDecision = (typeof RISK_DECISIONS)[number];

/** What one detector saw. */
export interface RiskReason {
  readonly detector: DetectorName;
  /** 0 to 1, above 0. */
  readonly risk: number;
  /** For people: what was seen, and what is normal. Contains nothing that a client wrote. */
  readonly text: string;
}

/** What to do about an event. */
export interface RiskVerdict {
  readonly decision: RiskDecision;
  /** 0 to 1. */
  readonly risk: number;
  /** Why, the greatest risk first; empty where there is none. */
  readonly reasons: readonly RiskReason[];
  /** How long to wait, in milliseconds; 0 unless the decision is `delay`. */
  readonly delayMs: number;
}

/** No risk at all. One object, since nearly all events are so. */
export const HARMLESS: RiskVerdict = Object.freeze({
  decision: 'allow',
  risk: 0,
  reasons: Object.freeze([]),
  delayMs: 0,
});
