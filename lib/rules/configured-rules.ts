import type { ConfigurationProblem } from '../errors/errors.js';
import type { BehaviorRuleOptions, RuleType } from './behavior-rule.js';
import type { RouteRules } from './compile-plan.js';
import { MATCH_FORMS, compileHandler, compileMatch } from './route-match.js';
import type { RouteMatcher, RoutePatterns } from './route-match.js';
import { UNMATCHED } from './route-plan.js';
import { countingClass } from './rule-counter.js';
import type { DeclaredRule } from './rule-counter.js';
import type { RuleDefaults } from './rule-definition.js';
import { defineRule } from './rule-schema.js';

/** A rule in the module's options: what it applies to, its type and its options. */
export interface ConfiguredRule extends BehaviorRuleOptions {
  /** Method and registered pattern, prefix and URI version included, `*` allowed: `'POST /api/login'`. */
  match?: string;
  /** Instead of `match`: `'AuthController.login'`. */
  handler?: string;
  type: RuleType;
}

/** A configured rule, validated. */
export interface ConfiguredDefinition {
  readonly matcher: RouteMatcher;
  readonly declared: DeclaredRule;
}

/** Validates configured rules and finds what they apply to; what is wrong goes to `problems`. */
export function defineConfigured(
  rules: readonly ConfiguredRule[],
  routes: readonly RoutePatterns[],
  defaults: RuleDefaults,
  problems: ConfigurationProblem[],
): ConfiguredDefinition[] {
  if (!Array.isArray(rules)) {
    problems.push({ path: 'rules', message: 'must be a list of rules' });
    return [];
  }
  return rules.flatMap((rule: unknown, index) => {
    const path = `rules[${index}]`;
    if (!isObject(rule)) {
      problems.push({ path, message: 'must be an object' });
      return [];
    }
    const { match, handler, type, ...options } = rule as Partial<ConfiguredRule>;
    const matcher = matcherOf(path, match, handler, routes, problems);
    const defined = defineRule(type, options, defaults, { path });
    if ('problems' in defined) {
      problems.push(...defined.problems);
      return [];
    }
    if (!matcher) return [];
    const { definition } = defined;
    const declaredAt = `rules ${match ?? handler ?? ''}`;
    const origin = { kind: 'configured', index } as const;
    return [{ matcher, declared: { definition, declaredAt, path, origin } }];
  });
}

/**
 * Only what is decided at the end of a response can be said of a request that no route matched. What it leads to must then
 * be a ban or a report, or the refusal of requests to routes that share the counter: such a request itself can't be refused.
 */
export function unmatchedRules(configured: readonly ConfiguredDefinition[], warnings: string[]): RouteRules {
  const rules = configured
    .filter(({ matcher, declared }) => matcher.unmatched && declared.definition.phase === 'end')
    .map(({ declared }) => declared)
    .filter(({ definition: { action, scope }, path }) => {
      const isOfUse = countingClass(action) === 'attempts' || scope === 'global' || typeof scope === 'object';
      if (!isOfUse) {
        const advice = "use action 'ban', or scope 'global' to refuse requests to routes";
        warnings.push(
          `${path}: ${action} can't refuse requests that no route matches; ${advice}. It is left out there`,
        );
      }
      return isOfUse;
    });
  return { endpoint: UNMATCHED, className: UNMATCHED, rules, trackBy: undefined, trackAfterGuards: false };
}

function matcherOf(
  path: string,
  match: unknown,
  handler: unknown,
  routes: readonly RoutePatterns[],
  problems: ConfigurationProblem[],
): RouteMatcher | undefined {
  if ((match === undefined) === (handler === undefined)) {
    problems.push({ path, message: 'needs either match or handler' });
    return undefined;
  }
  const key = match !== undefined ? 'match' : 'handler';
  const value = match ?? handler;
  const matcher =
    typeof value !== 'string' ? undefined : key === 'match' ? compileMatch(value) : compileHandler(value);
  if (!matcher) {
    const forms = key === 'match' ? MATCH_FORMS : "'AuthController.login'";
    problems.push({ path: `${path}.${key}`, message: `must look like ${forms}` });
  } else if (!matcher.unmatched && !routes.some((route) => matcher.matches(route))) {
    problems.push({
      path: `${path}.${key}`,
      message: `'${String(value)}' matches no route of this application`,
    });
  }
  return matcher;
}

/** Neither a primitive nor nothing. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
