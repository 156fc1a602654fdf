import { z } from 'zod';
import type { ConfiguredRule } from '../../rules/configured-rules.js';
import type { CompiledRule, RoutePlan } from '../../rules/route-plan.js';
import { UNMATCHED } from '../../rules/route-plan.js';
import type { BehaviorTracker } from '../../tracker/tracker.js';
import type { ReadableRuleBook } from '../counting.js';
import { NOTHING, Refusal, apiRoute } from './route.js';
import type { ApiRoute, Caller } from './route.js';

/** What the operations on rules work with. */
export interface RulesApiParts {
  readonly tracker: BehaviorTracker;
  readonly rules: ReadableRuleBook;
  /** Whether the whole guard is passive. */
  readonly passive: boolean;
  readonly log: (caller: Caller, what: string) => void;
}

const MOST_RULES = 1000;
const replaceInput = z.strictObject({
  rules: z
    .array(z.record(z.string(), z.json()), 'must be a list of rules')
    .max(MOST_RULES, `must be at most ${MOST_RULES} rules`),
});
const passiveInput = z.strictObject({
  index: z.number('must be the index of a configured rule').int('must be an integer').min(0, 'must be >= 0'),
  name: z.string('must be a text').max(256).optional(),
  passive: z.boolean('must be true or false'),
});

/** Read all rules; replace the configured ones, or make one of them passive or active. Of this instance alone. */
export function rulesApi({ tracker, rules, passive, log }: RulesApiParts): readonly ApiRoute[] {
  const list = () => ({
    passive,
    configured: rules.configured.map((rule, index) => ({ index, rule: plain(rule), name: nameOf(rule) })),
    routes: routesOf(rules),
  });
  return [
    apiRoute({
      method: 'GET',
      path: '/api/rules',
      summary: 'The rules of every route, and the configured rules as they were given',
      input: NOTHING,
      output: 'RuleList',
      handle: list,
    }),
    apiRoute({
      method: 'POST',
      path: '/api/rules',
      summary: 'Replace the configured rules; those of decorators stay',
      input: replaceInput,
      output: 'RuleList',
      handle: ({ rules: given }, caller) => {
        // Whatever is no rule, the rule book finds.
        tracker.updateRules(given as unknown as readonly ConfiguredRule[]);
        log(caller, `replaced the configured rules by ${given.length}`);
        return list();
      },
    }),
    apiRoute({
      method: 'POST',
      path: '/api/rules/passive',
      summary: 'Make one configured rule passive, or active again',
      input: passiveInput,
      output: 'RuleList',
      handle: ({ index, name, passive: wanted }, caller) => {
        const rule = rules.configured[index];
        // Somebody may have replaced the rules meanwhile.
        if (!rule || (name !== undefined && nameOf(rule) !== name))
          return new Refusal(409, 'The configured rules are not what they were; read them again.');
        const changed = { ...rule, passive: wanted };
        tracker.updateRules(rules.configured.map((each, at) => (at === index ? changed : each)));
        log(caller, `made the rule ${nameOf(rule) ?? index} ${wanted ? 'passive' : 'active'}`);
        return list();
      },
    }),
  ];
}

function nameOf({ name }: ConfiguredRule): string | null {
  return name ?? null;
}

/** JSON has no functions. */
function plain(rule: ConfiguredRule): unknown {
  return JSON.parse(
    JSON.stringify(rule, (_key, value: unknown) => (typeof value === 'function' ? '(a function)' : value)),
  );
}

function routesOf(rules: ReadableRuleBook): object[] {
  const routes = rules.guardedRoutes.flatMap((route) => {
    const plan = rules.planOf(route.controller, route.handler);
    if (!plan) return [];
    const { endpoint, httpMethod, patterns } = route;
    return [{ endpoint, method: httpMethod, patterns, rules: rulesOf(plan) }];
  });
  const { unmatched } = rules;
  if (!unmatched) return routes;
  return [...routes, { endpoint: UNMATCHED, method: 'ALL', patterns: ['*'], rules: rulesOf(unmatched) }];
}

/** Each rule once: what is decided at the end of a response is asked about at the beginning, too. */
function rulesOf({ phases }: RoutePlan): object[] {
  const compiled = Object.values(phases).flatMap((groups) => groups.flatMap((group) => group.rules));
  return compiled.filter(({ query }) => query.peek !== true).map(ruleView);
}

function ruleView({ name, definition, event }: CompiledRule): object {
  const { type, threshold, thresholdOf, windowMs, action, passive, pacing, phase, banScope } = definition;
  return {
    name,
    type,
    /** Where the threshold is a function: the most that it returns. */
    threshold,
    thresholdVaries: thresholdOf !== undefined,
    windowSeconds: windowMs / 1000,
    action,
    passive,
    pacing,
    phase,
    ...(event.pattern === undefined ? {} : { pattern: event.pattern }),
    ...(action === 'ban'
      ? {
          banSeconds: definition.banDurationMs === Infinity ? null : definition.banDurationMs / 1000,
          banScope,
        }
      : {}),
  };
}
