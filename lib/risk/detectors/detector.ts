import type { ActorHistory } from '../../history/actor-history.js';
import type { DetectorName, RiskSettings } from '../risk-settings.js';

/**
 * One question to an actor's history, asked right after the newest event was added. Pure: no I/O, no clock, nothing remembered.
 */
export interface Detector {
  readonly name: DetectorName;
  /** @returns the risk, 0 to 1. */
  assess(history: ActorHistory, settings: RiskSettings): number;
  /** For people: what was seen, and what is normal. Asked only where there is a risk. */
  explain(history: ActorHistory, settings: RiskSettings): string;
}

/** The risk of a count: 0 up to `most`, 1 from twice as many on. */
export function excess(count: number, most: number): number {
  if (count <= most) return 0;
  return Math.min(1, (count - most) / most);
}

/** A duration as reasons show it. */
export function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(3))} s`;
}
