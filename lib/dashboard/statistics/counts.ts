import type { AssessmentView } from './event-view.js';

/** Seconds over which is counted. */
export const KEPT_SECONDS = 600;

/** What was counted of one actor, or one rule, since the application started. */
export interface Counts {
  violations: number;
  /** Violations of rules in passive mode, which are not in `violations`. */
  passive: number;
  denials: number;
  /** Of the last one, in milliseconds since the epoch. */
  time: number;
  /** Of the last one. */
  reason: string;
  /** One of the counts may be too high by this many; never too low. */
  overcount: number;
}

/** What was counted of one route. */
export interface RouteCounts {
  /** Requests that came to the handler; one that is refused for what it returned is among `denials` as well. */
  admitted: number;
  denials: number;
  violations: number;
  passive: number;
}

/** The last assessment of an actor. */
export interface RiskyActor {
  readonly assessment: AssessmentView;
  readonly time: number;
  readonly action: string;
  readonly endpoint: string;
}

export type ActorView = Readonly<Counts> & { readonly actor: string };
export type RuleView = Readonly<Counts> & { readonly rule: string };
export type RouteView = Readonly<RouteCounts> & { readonly endpoint: string };
export type RiskView = RiskyActor & { readonly actor: string };

/** By what actors and rules are ranked. */
export function rankOf({ violations, passive, denials }: Counts): number {
  return violations + passive + denials;
}
