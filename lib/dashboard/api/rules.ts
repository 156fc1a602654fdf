import { z } from 'zod';
import type { ConfiguredRule } from '../../rules/configured-rules.js';
import type { CompiledRule, RoutePlan } from '../../rules/route-plan.js';
import { UNMATCHED } from '../../rules/route-plan.js';
import type { BehaviorTracker } from '../../tracker/tracker.js';
import type { ReadableRuleBook } from '../counting.js';
import { nothingSchema, routeSchema, Refusal, apiRoute } from './route.js';
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
const versionSchema = () =>
  z.number('must be the version of the list').int('must be the version of the list').optional();
const replaceInput = () =>
  z.strictObject({
    rules: z
      .array(z.record(z.string(), z.json()), 'must be a list of rules')
      .max(MOST_RULES, `must be at most ${MOST_RULES} rules`),
    version: versionSchema(),
  });
const nameSchema = () => z.string('must be a text').max(256);
const passiveSchema = () => z.boolean('must be true or false');
const FORMS = 'needs either index, of a configured rule, or rule, a name';
const passiveInput = () =>
  z
    .strictObject({
      index: z
        .number('must be the index of a configured rule')
        .int('must be an integer')
        .min(0, 'must be >= 0')
        .optional(),
      name: nameSchema().optional(),
      rule: nameSchema().min(1, 'must not be empty').optional(),
      endpoint: routeSchema().optional(),
      passive: passiveSchema(),
      version: versionSchema(),
    })
    .refine(({ index, rule }) => (index === undefined) !== (rule === undefined), FORMS)
    .refine(({ index, endpoint }) => index === undefined || endpoint === undefined, {
      path: ['endpoint'],
      message: 'belongs to rule, not to index',
    });
const CHANGED = 'The rules are not what they were; read them again.';

/** Read all rules; replace the configured ones, or make any passive or active. Of this instance alone. */
export function rulesApi({ tracker, rules, passive, log }: RulesApiParts): readonly ApiRoute[] {
  const list = () => ({
    passive,
    version: rules.version,
    configured: rules.configured.map((rule, index) => ({ index, rule: plain(rule), name: nameOf(rule) })),
    routes: routesOf(rules),
  });
  const isOutdated = (version: number | undefined): boolean =>
    version !== undefined && version !== rules.version;
  return [
    apiRoute({
      method: 'GET',
      path: '/api/rules',
      summary: 'The rules of every route, and the configured rules as they were given',
      input: nothingSchema(),
      output: 'RuleList',
      handle: list,
    }),
    apiRoute({
      method: 'POST',
      path: '/api/rules',
      summary: 'Replace the configured rules; those of decorators stay',
      input: replaceInput(),
      output: 'RuleList',
      handle: ({ rules: given, version }, caller) => {
        if (isOutdated(version)) return new Refusal(409, CHANGED);
        // Whatever is no rule, the rule book finds.
        const wanted = given as unknown as readonly ConfiguredRule[];
        tracker.updateRules(wanted.map((rule, index) => withFunctions(rule, index, rules.configured)));
        log(caller, `replaced the configured rules by ${given.length}`);
        return list();
      },
    }),
    apiRoute({
      method: 'POST',
      path: '/api/rules/passive',
      summary: 'Make a rule passive, or active again: a configured one by index, any by name and route',
      input: passiveInput(),
      output: 'RuleList',
      handle: ({ index, name, rule, endpoint, passive: wanted, version }, caller) => {
        const configured = rules.configured[index ?? -1] as ConfiguredRule | undefined;
        const isOther = !configured || (name !== undefined && nameOf(configured) !== name);
        // Somebody may have replaced the rules meanwhile.
        if (isOutdated(version) || (rule === undefined && isOther)) return new Refusal(409, CHANGED);
        if (rule !== undefined) {
          tracker.setPassive([{ rule, passive: wanted, ...(endpoint === undefined ? {} : { endpoint }) }]);
        } else {
          const changed = { ...(configured as ConfiguredRule), passive: wanted };
          tracker.updateRules(rules.configured.map((each, at) => (at === index ? changed : each)));
        }
        const which = rule ?? nameOf(configured as ConfiguredRule) ?? index;
        const where = endpoint === undefined ? '' : ` of ${endpoint}`;
        log(caller, `made the rule ${which}${where} ${wanted ? 'passive' : 'active'}`);
        return list();
      },
    }),
  ];
}

function nameOf({ name }: ConfiguredRule): string | null {
  return name ?? null;
}

/** Stands for a function, which JSON has none of. */
const A_FUNCTION = '(a function)';

function plain(rule: ConfiguredRule): unknown {
  return JSON.parse(
    JSON.stringify(rule, (_key, value: unknown) => (typeof value === 'function' ? A_FUNCTION : value)),
  );
}

/** A rule whose functions were shown as such keeps them: they are those of the rule of that name, else of that place. */
function withFunctions(
  rule: ConfiguredRule,
  index: number,
  configured: readonly ConfiguredRule[],
): ConfiguredRule {
  const known = (
    rule.name === undefined ? configured[index] : configured.find(({ name }) => name === rule.name)
  ) as Record<string, unknown> | undefined;
  const members = Object.entries(rule).map(([key, value]: [string, unknown]) => {
    const own = known && Object.hasOwn(known, key) ? known[key] : undefined;
    return [key, value === A_FUNCTION && typeof own === 'function' ? own : value] as const;
  });
  return Object.fromEntries(members) as unknown as ConfiguredRule;
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

function ruleView({ name, definition, event, origin }: CompiledRule): object {
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
    source: origin?.kind ?? 'configured',
    ...(origin?.kind === 'decorator' && origin.declaredPassive !== passive
      ? { declaredPassive: origin.declaredPassive }
      : {}),
    ...(event.pattern === undefined ? {} : { pattern: event.pattern }),
    ...(action === 'ban'
      ? {
          banSeconds: definition.banDurationMs === Infinity ? null : definition.banDurationMs / 1000,
          banScope,
        }
      : {}),
  };
}
