import type { ExecutionContext } from '@nestjs/common';
import type { EventRule } from '../events/behavior-event.js';
import type { RuleQuery } from '../storage/storage.js';
import type { TrackBy } from './behavior-rule.js';
import type { QuotaPlan } from './quota.js';
import type { RuleDefinition, RuleOrigin, RulePhase } from './rule-definition.js';

/** A rule in its place on a route, ready to be asked. */
export interface CompiledRule {
  /** Unique on its route. */
  readonly name: string;
  readonly definition: RuleDefinition;
  readonly origin: RuleOrigin | undefined;
  readonly query: RuleQuery;
  /** How events name it, for its static threshold. */
  readonly event: EventRule;
  /** Whether a client may be told of it. */
  readonly told: boolean;
  /** How the header `RateLimit` names it. */
  readonly quotaHead: string;
}

/** The rules of one phase that count the same actor: one storage call. */
export interface ActorGroup {
  /** Absent: the client's address. */
  readonly trackBy: TrackBy | undefined;
  readonly rules: readonly CompiledRule[];
  /** The rules' queries, one array for all requests so that a storage may cache what it derives from it. */
  readonly queries: readonly RuleQuery[];
  /** Whether a threshold, cost or condition depends on the request. */
  readonly dynamic: boolean;
  /** Whether the request is also an event in this actor's history. */
  readonly observes: boolean;
  /** Whether a rule holds requests; then these say which rules deny with and without a free hold slot. */
  readonly holds:
    { readonly withSlot: readonly boolean[]; readonly withoutSlot: readonly boolean[] } | undefined;
}

/** The groups of one phase, in the order of their first rule. Never empty. */
export type PhasePlan = readonly ActorGroup[];

/** What a request to a route weighs. */
export type EventWeightFunction = (context: ExecutionContext) => number;

/** What `@AnomalyDetection`, `@BotProtection` and `@EventWeight` say of a route. */
export interface RouteBehavior {
  /** `false`: not watched; an object: what is normal here, where it differs. */
  readonly anomaly: object | false | undefined;
  /** `false`: not protected; an object: options that differ here. */
  readonly bots: object | false | undefined;
  readonly weight: number | EventWeightFunction | undefined;
}

/** A route whose requests are events in the history of who sends them. */
export interface ObservedRoute {
  /** Hash that stands for the route in the history. */
  readonly target: number;
  readonly weight: number | EventWeightFunction;
  /** Whether the risk engine is asked; an object: what is normal here, where it differs. */
  readonly anomaly: object | boolean;
  /** Whether the bot signals are asked; an object: options that differ here. */
  readonly bots: object | boolean;
}

/** Everything that the guard knows of one route, merged once from configuration, class and method. */
export interface RoutePlan {
  /** `Class.method`, or `*` for requests that no route matched. */
  readonly endpoint: string;
  readonly phases: Readonly<Partial<Record<RulePhase, PhasePlan>>>;
  /**
   * Actors whose bans and denials hold on this route although no rule is asked about them at that point: known before the
   * application's guards, and known after them.
   */
  readonly bannable: { readonly early: readonly TrackBy[]; readonly late: readonly TrackBy[] };
  readonly quotas: QuotaPlan | undefined;
  /** Absent where behaviour is not watched. */
  readonly observed: ObservedRoute | undefined;
}

/** Whether a route needs the interceptor. @param hasBody whether what its handler returns is sent as the body. */
export function needsInterceptor({ phases, bannable }: RoutePlan, hasBody: boolean): boolean {
  return (
    phases.afterGuards !== undefined || bannable.late.length > 0 || (phases.body !== undefined && !hasBody)
  );
}

/** The endpoint of requests that no route matched. */
export const UNMATCHED = '*';
