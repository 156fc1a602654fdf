import type { ConfigurationProblem } from '../errors/errors.js';
import type { BanTerms, Counter, RuleQuery } from '../storage/storage.js';
import type { RuleAction, TrackBy } from './behavior-rule.js';
import { isTold, quotaPlan } from './quota.js';
import { counterOf, type Counters } from './rule-counter.js';
import type { DeclaredRule } from './rule-counter.js';
import type { RuleDefinition, RuleOrigin, RulePhase } from './rule-definition.js';
import { UNMATCHED } from './route-plan.js';
import type { ActorGroup, CompiledRule, ObservedRoute, PhasePlan, RoutePlan } from './route-plan.js';

/** All rules that apply to one route, and what else its decorators say. */
export interface RouteRules {
  readonly endpoint: string;
  readonly className: string;
  readonly rules: readonly DeclaredRule[];
  /** From `@TrackBy` or the module's option. */
  readonly trackBy: TrackBy | undefined;
  /** `@TrackBy(…, { after: 'guards' })`: rules that count this actor wait for the application's guards. */
  readonly trackAfterGuards: boolean;
  readonly observed?: ObservedRoute | undefined;
}

/** How bans grow. */
export interface Escalation {
  readonly factor: number;
  readonly maxMs: number;
  readonly memoryMs: number;
}

/** A rule in its place on a route. */
export interface PlacedRule {
  readonly definition: RuleDefinition;
  readonly counter: Counter;
  readonly origin: RuleOrigin | undefined;
  readonly name: string;
  readonly phase: RulePhase;
  readonly trackBy: TrackBy | undefined;
  /** Identity for the report cooldown. */
  readonly id: string;
  /** Only asks its counter, which another phase fills. */
  readonly peek: boolean;
}

/** Whether a violation refuses the request (a delay does only without a free hold slot). */
function deniesWithSlot(action: RuleAction): boolean {
  return action === 'throttle' || action === 'challenge' || action === 'ban';
}

/** What is wrong with the rules of a route beside what is wrong with each. */
export function problemsOf({ rules, endpoint }: RouteRules): ConfigurationProblem[] {
  const names = new Set<string>();
  return rules.flatMap(({ definition: { name }, path }): ConfigurationProblem[] => {
    if (name === undefined || !names.has(name)) {
      if (name !== undefined) names.add(name);
      return [];
    }
    return [{ path: `${path}.name`, message: `'${name}' is taken by another rule of ${endpoint}` }];
  });
}

/** The rules of a route with their names and counters. Call it once for each route. */
export function placeRules(route: RouteRules, counters: Counters): PlacedRule[] {
  const names = new Set<string>();
  for (const { definition } of route.rules) if (definition.name !== undefined) names.add(definition.name);
  const keys = new Map<string, number>();
  return route.rules.flatMap((declared): PlacedRule[] => {
    const { definition, origin } = declared;
    const name = definition.name ?? freeName(definition.type.replace('_', '-'), names);
    const trackBy = definition.trackBy ?? route.trackBy;
    const waits = definition.trackBy
      ? definition.actorAfterGuards
      : route.trackBy !== undefined && route.trackAfterGuards;
    const phase = waits && definition.phase === 'request' ? 'afterGuards' : definition.phase;
    const counter = counters.take(counterOf(route, declared, keys), definition);
    const id = `${counter.scope}|${declared.declaredAt}|${name}`;
    const rule = { name, definition, origin, phase, trackBy, counter, id, peek: false };
    if (phase !== 'end' || counter.class !== 'served') return [rule];
    // What the end of a response shows can only refuse the requests after it.
    return [rule, { ...rule, phase: waits ? 'afterGuards' : 'request', peek: true }];
  });
}

function freeName(base: string, names: Set<string>): string {
  let name = base;
  for (let ordinal = 2; names.has(name); ordinal++) name = `${base}-${ordinal}`;
  names.add(name);
  return name;
}

/** Compiles the plan of a route. */
export function planOf(route: RouteRules, placed: readonly PlacedRule[], escalation: Escalation): RoutePlan {
  const phases: Partial<Record<RulePhase, PhasePlan>> = {};
  for (const phase of ['request', 'afterGuards', 'body', 'end'] as const) {
    const groups = groupByActor(placed.filter((rule) => rule.phase === phase)).map((group) =>
      groupOf(group, route.endpoint, escalation),
    );
    if (phase === 'request' && route.observed) observe(groups);
    if (groups.length > 0) phases[phase] = groups;
  }
  return {
    endpoint: route.endpoint,
    phases,
    bannable: bannableActors(route, placed),
    observed: route.observed,
    quotas: quotaPlan(
      [...(phases.request ?? []), ...(phases.afterGuards ?? [])].flatMap((group) => group.rules),
    ),
  };
}

/** The history is the client's: it is asked for with the rules that count the client, or by itself. */
function observe(groups: ActorGroup[]): void {
  const index = groups.findIndex(({ trackBy }) => trackBy === undefined);
  if (index >= 0) groups[index] = { ...groups[index], observes: true };
  else groups.push(OBSERVER);
}

const OBSERVER: ActorGroup = {
  trackBy: undefined,
  rules: [],
  queries: [],
  dynamic: false,
  observes: true,
  holds: undefined,
};

function bannableActors(route: RouteRules, placed: readonly PlacedRule[]): RoutePlan['bannable'] {
  const early = new Set<TrackBy>();
  const late = new Set<TrackBy>();
  if (route.trackBy) (route.trackAfterGuards ? late : early).add(route.trackBy);
  for (const { definition } of placed) {
    if (definition.trackBy) (definition.actorAfterGuards ? late : early).add(definition.trackBy);
  }
  for (const { phase, trackBy } of placed) {
    if (!trackBy) continue;
    if (phase === 'request') early.delete(trackBy);
    if (phase === 'afterGuards') late.delete(trackBy);
  }
  return { early: [...early], late: [...late] };
}

function groupByActor(rules: readonly PlacedRule[]): PlacedRule[][] {
  const groups = new Map<TrackBy | undefined, PlacedRule[]>();
  for (const rule of rules) {
    const group = groups.get(rule.trackBy);
    if (group) group.push(rule);
    else groups.set(rule.trackBy, [rule]);
  }
  return [...groups.values()];
}

function groupOf(placed: readonly PlacedRule[], endpoint: string, escalation: Escalation): ActorGroup {
  const rules = placed.map((rule) => compiledRule(rule, endpoint, escalation));
  const holdsRequests = rules.some(({ definition }) => definition.action === 'delay');
  return {
    trackBy: placed[0].trackBy,
    rules,
    queries: rules.map((rule) => rule.query),
    observes: false,
    dynamic: rules.some(
      ({ definition: { thresholdOf, costOf, whenRequest } }) => thresholdOf ?? costOf ?? whenRequest,
    ),
    holds: holdsRequests
      ? {
          withSlot: rules.map(({ definition }) => deniesWithSlot(definition.action)),
          withoutSlot: rules.map(
            ({ definition }) => deniesWithSlot(definition.action) || definition.action === 'delay',
          ),
        }
      : undefined,
  };
}

function compiledRule(rule: PlacedRule, endpoint: string, escalation: Escalation): CompiledRule {
  const { definition, name, origin } = rule;
  const query: RuleQuery = {
    counter: rule.counter,
    rule: rule.id,
    threshold: definition.threshold,
    cost: rule.peek ? 1 : definition.cost,
    denies: deniesWithSlot(definition.action),
    passive: definition.passive,
    cooldownMs: definition.cooldownMs,
    ...(definition.action === 'ban' ? { ban: banTerms(definition, endpoint, name, escalation) } : {}),
    ...(rule.peek ? { peek: true } : {}),
  };
  const told = isTold(definition, query);
  const event = eventRule(name, definition);
  return { name, definition, origin, query, event, told, quotaHead: `"${name}"` };
}

/** How events name a rule. */
export function eventRule(name: string, definition: RuleDefinition): CompiledRule['event'] {
  const { type, threshold, windowMs, pattern } = definition;
  return { name, type, threshold, windowMs, ...(pattern ? { pattern: pattern.source } : {}) };
}

/** What a violated ban rule of this definition does. */
export function banTerms(
  definition: RuleDefinition,
  endpoint: string,
  name: string,
  escalation: Escalation,
): BanTerms {
  return {
    durationMs: definition.banDurationMs,
    ...(definition.banScope === 'route' ? { route: endpoint } : {}),
    ...escalation,
    reason: `rule '${name}' of ${endpoint === UNMATCHED ? 'unmatched paths' : endpoint}`,
  };
}
