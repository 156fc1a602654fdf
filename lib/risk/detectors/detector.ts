import type { ActorHistory } from '../../history/actor-history.js';
import type { DetectorName, RiskSettings } from '../risk-settings.js';

/**
 * One question to an actor's history, asked right after the newest event was added. Pure: no I/O, no clock, nothing remembered of
 * what it was asked.
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
  return count >= 2 * most ? 1 : (count - most) / most;
}

/** A duration as reasons show it. */
export function seconds(ms: number): string {
  return `${Math.round(ms) / 1_000} s`;
}

const MOST_TEXTS = 512;

/**
 * A detector of a count. Under attack the same few counts are explained again and again, so their texts are kept, for one set of
 * settings; from twice the limit on, where the risk rises no more, it is the same for all.
 */
export function countDetector(given: {
  readonly name: DetectorName;
  readonly count: (history: ActorHistory) => number;
  readonly most: (settings: RiskSettings) => number;
  /** Begins with the count. */
  readonly text: (count: number, settings: RiskSettings) => string;
}): Detector {
  const { name, count, most, text } = given;
  const texts = new Map<number, string>();
  let explained: RiskSettings | undefined;
  return {
    name,
    assess: (history, settings) => excess(count(history), most(settings)),
    explain: (history, settings) => {
      if (settings !== explained || texts.size >= MOST_TEXTS) texts.clear();
      explained = settings;
      const saturated = 2 * most(settings);
      const counted = Math.min(count(history), saturated);
      let known = texts.get(counted);
      if (known === undefined) {
        known = (counted === saturated ? 'at least ' : '') + text(counted, settings);
        texts.set(counted, known);
      }
      return known;
    },
  };
}
