import { ConfigurationError, type ConfigurationProblem } from '../errors/errors.js';
import type { Escalation, RouteRules } from '../rules/compile-plan.js';
import { compilePlans } from '../rules/pending-plan.js';
import { defineConfigured, type ConfiguredRule } from '../rules/configured-rules.js';
import type { CompiledRule, RoutePlan } from '../rules/route-plan.js';
import type { DeclaredRule } from '../rules/rule-counter.js';
import type { RuleDefaults, RuleDefinition } from '../rules/rule-definition.js';
import { routePatternOf, type RoutePattern } from './route-patterns.js';

/** What rules fall back to; absent parts are the module's defaults. */
export interface RuleFallbacks {
  readonly defaults?: RuleDefaults;
  readonly escalation?: Escalation;
}

/** A `match`, and the plan of all rules with it. */
export interface ReplayRoute {
  readonly pattern: RoutePattern;
  readonly plan: RoutePlan;
}

/** A rule that a log can't decide. */
export interface NotReplayable {
  /** `rules[1]`, and its name. */
  readonly rule: string;
  readonly reason: string;
}

/** Rules as they apply to the lines of a log. */
export interface ReplayRules {
  readonly routes: readonly ReplayRoute[];
  readonly notReplayable: readonly NotReplayable[];
}

const WEEK_MS = 7 * 86_400_000;
const DEFAULTS: RuleDefaults = { banDurationMs: 3_600_000, passive: false, maxDelayMs: 30_000 };
const ESCALATION: Escalation = { factor: 2, maxMs: WEEK_MS, memoryMs: WEEK_MS };

/**
 * Compiles configured rules for a log. Each distinct `match` is a route of its own: a rule with `*` in it counts all the
 * requests that it means together.
 *
 * @throws ConfigurationError with every problem.
 */
export function compileReplayRules(
  rules: readonly ConfiguredRule[],
  fallbacks: RuleFallbacks = {},
): ReplayRules {
  const defaults = fallbacks.defaults ?? DEFAULTS;
  const problems: ConfigurationProblem[] = [];
  const notReplayable: NotReplayable[] = [];
  const byMatch = new Map<string, DeclaredRule[]>();
  rules.forEach((rule, index) => {
    const path = `rules[${index}]`;
    const shown = rule.name === undefined ? path : `${path} '${rule.name}'`;
    const reason = reasonAgainst(rule) ?? undefined;
    const declared = reason === undefined ? declaredRule(rule, index, defaults, problems) : undefined;
    const phaseReason = declared && reasonAgainstPhase(declared.definition);
    const why = reason ?? phaseReason;
    if (why !== undefined) notReplayable.push({ rule: shown, reason: why });
    else if (declared) addTo(byMatch, (rule.match ?? '').trim().replace(/\s+/g, ' '), declared);
  });
  const { plans, problems: planProblems } = compilePlans(
    [...byMatch].map(([match, declared]) => routeRules(match, declared)),
    fallbacks.escalation ?? ESCALATION,
  );
  problems.push(...planProblems);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const routes = [...byMatch.keys()].map((match, index) => {
    return { pattern: routePatternOf(match), plan: plans[index] };
  });
  return { routes, notReplayable };
}

/** How reports name a rule; the same for all its parts. */
export function ruleLabel(plan: RoutePlan, rule: CompiledRule): string {
  return `rule '${rule.name}' of ${plan.endpoint}`;
}

function addTo(byMatch: Map<string, DeclaredRule[]>, match: string, declared: DeclaredRule): void {
  const known = byMatch.get(match);
  if (known) known.push(declared);
  else byMatch.set(match, [declared]);
}

function routeRules(match: string, rules: readonly DeclaredRule[]): RouteRules {
  const nobodyElse = { trackBy: undefined, trackAfterGuards: false, observed: undefined };
  return { endpoint: match, className: match, rules, ...nobodyElse };
}

function declaredRule(
  rule: ConfiguredRule,
  index: number,
  defaults: RuleDefaults,
  problems: ConfigurationProblem[],
): DeclaredRule | undefined {
  const { method, path } = partsOf(String(rule.match ?? ''));
  const route = { className: '', methodName: '', httpMethod: method ?? 'ALL', patterns: [path] };
  const own: ConfigurationProblem[] = [];
  const defined = defineConfigured([rule], [route], defaults, own);
  const at = (text: string): string => text.replace(/^rules\[0\]/, `rules[${index}]`);
  problems.push(...own.map(({ path: where, message }) => ({ path: at(where), message })));
  const declared = defined.at(0)?.declared;
  return declared && { ...declared, path: at(declared.path) };
}

function partsOf(match: string): { method: string | undefined; path: string } {
  const [first, second] = match.trim().split(/\s+/, 2);
  if (second === undefined) return { method: undefined, path: first };
  return { method: first === '*' ? undefined : first, path: second };
}

/** Why a log can't decide a rule as it is written. */
function reasonAgainst(rule: ConfiguredRule): string | undefined {
  if (rule.handler !== undefined) return 'a log knows no handlers; write `match` instead';
  const ofFunctions = (['threshold', 'cost', 'when', 'trackBy'] as const).filter(
    (key) => typeof rule[key] === 'function',
  );
  if (ofFunctions.length > 0)
    return `${ofFunctions.join(' and ')}: functions of the request, which a log has not`;
  return undefined;
}

function reasonAgainstPhase({ phase }: RuleDefinition): string | undefined {
  if (phase === 'body') return 'a log has no response bodies; only `status:` patterns can be replayed';
  if (phase === 'afterGuards') return 'a log does not tell what the application’s guards leave behind';
  return undefined;
}

/** The names of all rules, in the order of their routes. */
export function ruleLabels({ routes }: ReplayRules): string[] {
  const labels = routes.flatMap(({ plan }) => {
    return [...(plan.phases.request ?? []), ...(plan.phases.end ?? [])].flatMap(({ rules }) => {
      return rules.map((rule) => ruleLabel(plan, rule));
    });
  });
  return [...new Set(labels)];
}
