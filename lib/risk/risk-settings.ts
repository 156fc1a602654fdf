/** How the risks of several detectors become one. */
export type RiskCombination = 'max' | 'weighted_sum';

/** The detectors, by the name under which `weights` knows them. */
export const DETECTORS = ['burst', 'repetition', 'hopping', 'weight', 'interval', 'switching'] as const;

export type DetectorName = (typeof DETECTORS)[number];

/** What is normal for an actor, with defaults filled in. Times in milliseconds. */
export interface RiskSettings {
  /** Sliding window that the counting detectors look at; default 300 s. */
  readonly windowMs: number;
  /** Events in the window; default 100. */
  readonly burstMaxEvents: number;
  /** Events of the same action and target in the window; default 10. */
  readonly repetitionMaxCount: number;
  /** Distinct targets in the window; default 50. */
  readonly hoppingMaxTargets: number;
  /** Sum of weights in the window; default 1000. */
  readonly weightMaxTotal: number;
  /** A period that no person keeps; `undefined` (default): regularity is found from the gaps themselves. */
  readonly intervalMs: number | undefined;
  /** How far a gap may be from the period, as a part of it; default 0.2. */
  readonly intervalToleranceRatio: number;
  /** Gaps that are looked at, and needed, to call an actor regular; default 16; 0: never. */
  readonly intervalMinGaps: number;
  /** Changes back and forth between targets, or of identity, in the window; default 50. */
  readonly switchingMaxCount: number;
  readonly riskCombine: RiskCombination;
  readonly weights: Readonly<Record<DetectorName, number>>;
  /** Risks below it are allowed; default 0.3. */
  readonly allowBelow: number;
  /** Risks below it are warned of; default 0.6. */
  readonly warnBelow: number;
  /** Risks below it are delayed, all others blocked; default 0.85. */
  readonly delayBelow: number;
  /** Default 5 s. */
  readonly delayMs: number;
  /** After so many warnings (or delays) within the window the next is raised by one step; default 0: never. */
  readonly escalateAfter: number;
}

/** Settings for everybody, and for some. */
export interface RiskPolicy {
  readonly defaults: RiskSettings;
  /** By actor, or by a pattern with `*`; the most specific one holds. Already merged with the defaults. */
  readonly actors: ReadonlyMap<string, RiskSettings>;
}
