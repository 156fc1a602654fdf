import type { ConfigurationProblem } from '../errors/errors.js';
import type { BanTerms, Counter, RuleQuery } from '../storage/storage.js';
import type { RuleAction, TrackBy } from './behavior-rule.js';
import { isTold, quotaPlan } from './quota.js';
import { CounterTable, counterOf } from './rule-counter.js';
import type { CountingRule, DeclaredRule } from './rule-counter.js';
import type { RuleDefinition, RulePhase } from './rule-definition.js';
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

interface PlacedRule extends CountingRule {
  readonly name: string;
  readonly phase: RulePhase;
  readonly trackBy: TrackBy | undefined;
  /** Identity for the report cooldown. */
  readonly id: string;
  /** Only asks its counter, which another phase fills. */
  readonly peek: boolean;
}

/** Compiles the rules of all routes together, since rules of one group share a counter across routes. */
export function compilePlans(
  routes: readonly RouteRules[],
  escalation: Escalation,
): { plans: RoutePlan[]; problems: ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = [];
  const placed = routes.map((route) => placeRules(route, problems));
  const counters = new CounterTable(placed.flat());
  const plans = routes.map((route, index) => planOf(route, placed[index], counters, escalation));
  return { plans, problems };
}

/** Whether a violation refuses the request (a delay does only without a free hold slot). */
function deniesWithSlot(action: RuleAction): boolean {
  return action === 'throttle' || action === 'challenge' || action === 'ban';
}

function placeRules(route: RouteRules, problems: ConfigurationProblem[]): PlacedRule[] {
  const names = new Set<string>();
  const keys = new Map<string, number>();
  for (const { definition, path } of route.rules) {
    if (definition.name === undefined) continue;
    if (names.has(definition.name)) {
      problems.push({
        path: `${path}.name`,
        message: `'${definition.name}' is taken by another rule of ${route.endpoint}`,
      });
    }
    names.add(definition.name);
  }
  return route.rules.flatMap((declared): PlacedRule[] => {
    const { definition } = declared;
    const name = definition.name ?? freeName(definition.type.replace('_', '-'), names);
    const trackBy = definition.trackBy ?? route.trackBy;
    const waits = definition.trackBy
      ? definition.actorAfterGuards
      : route.trackBy !== undefined && route.trackAfterGuards;
    const phase = waits && definition.phase === 'request' ? 'afterGuards' : definition.phase;
    const counter = counterOf(route, declared, keys);
    const id = `${counter.scope}|${declared.declaredAt}|${name}`;
    const rule = { name, definition, phase, trackBy, counter, id, peek: false };
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

function planOf(
  route: RouteRules,
  placed: readonly PlacedRule[],
  counters: CounterTable,
  escalation: Escalation,
): RoutePlan {
  const phases: Partial<Record<RulePhase, PhasePlan>> = {};
  for (const phase of ['request', 'afterGuards', 'body', 'end'] as const) {
    const groups = groupByActor(placed.filter((rule) => rule.phase === phase)).map((group) =>
      groupOf(group, route.endpoint, counters, escalation),
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

function groupOf(
  placed: readonly PlacedRule[],
  endpoint: string,
  counters: CounterTable,
  escalation: Escalation,
): ActorGroup {
  const rules = placed.map((rule) => compiledRule(rule, counters.get(rule.counter), endpoint, escalation));
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

function compiledRule(
  rule: PlacedRule,
  counter: Counter,
  endpoint: string,
  escalation: Escalation,
): CompiledRule {
  const { definition, name } = rule;
  const query: RuleQuery = {
    counter,
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
  return { name, definition, query, event: eventRule(name, definition), told, quotaHead: `"${name}"` };
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
