import { ConfigurationError } from '../errors/errors.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { BehaviorRule, CustomAction, TrackBy } from './behavior-rule.js';
import { compilePlans } from './compile-plan.js';
import type { Escalation, RouteRules } from './compile-plan.js';
import { defineConfigured, isObject, unmatchedRules } from './configured-rules.js';
import type { ConfiguredDefinition, ConfiguredRule } from './configured-rules.js';
import type { RoutePatterns } from './route-match.js';
import { observedRoute, observedUnmatched, type BehaviorEngines } from './observed-route.js';
import { needsInterceptor } from './route-plan.js';
import type { RouteBehavior, RoutePlan } from './route-plan.js';
import type { DeclaredRule } from './rule-counter.js';
import type { RuleDefaults } from './rule-definition.js';
import { defineRule } from './rule-schema.js';
import type { RulePlace } from './rule-schema.js';

/** A rule that a decorator wrote. */
export interface DecoratedRule extends RulePlace {
  readonly rule: BehaviorRule;
  /** The class, or `Class.method`. */
  readonly declaredAt: string;
}

/** One route of the application with all that its decorators say. */
export interface GuardedRoute extends RoutePatterns, RouteBehavior {
  readonly controller: object;
  readonly handler: object;
  /** `Class.method`, unique in the application. */
  readonly endpoint: string;
  readonly decorated: readonly DecoratedRule[];
  readonly trackBy: TrackBy | undefined;
  readonly trackAfterGuards: boolean;
  /** `all`: the route has no rules; else the names of those it skips. */
  readonly skip: 'all' | ReadonlySet<string>;
  /** Whether what its handler returns is sent as the body, rather than as a redirect or view. */
  readonly hasBody: boolean;
  /** Why a body pattern can't see this route's response; `undefined` where it can. */
  readonly opaqueBody: string | undefined;
}

/** What a `RuleBook` needs beside the rules. */
export interface RuleBookSettings {
  readonly defaults: RuleDefaults;
  readonly escalation: Escalation;
  /** What is wrong with a custom action, if anything: a class that the application doesn't provide. */
  readonly checkAction: (action: CustomAction) => string | undefined;
  readonly behavior: BehaviorEngines;
}

interface Compiled {
  readonly byController: ReadonlyMap<object, ReadonlyMap<object, RoutePlan>>;
  readonly unmatched: RoutePlan | undefined;
  readonly warnings: readonly string[];
}

/** The rules in force: every route's plan, compiled from configuration and decorators, replaceable as a whole. */
export class RuleBook {
  private routes: readonly GuardedRoute[] = [];
  private interceptable: ReadonlySet<GuardedRoute> = new Set();
  private compiled: Compiled = { byController: new Map(), unmatched: undefined, warnings: [] };

  constructor(private readonly settings: RuleBookSettings) {}

  /** The plan of requests that no route matched, if a rule means them. */
  get unmatched(): RoutePlan | undefined {
    return this.compiled.unmatched;
  }

  /** The plan of a route, or `undefined` where nothing is watched. Two map look-ups. */
  planOf(controller: object, handler: object): RoutePlan | undefined {
    return this.compiled.byController.get(controller)?.get(handler);
  }

  /** The routes whose plan needs the interceptor. */
  routesToIntercept(): GuardedRoute[] {
    return this.routes.filter((route) => {
      const plan = this.planOf(route.controller, route.handler);
      return plan !== undefined && needsInterceptor(plan, route.hasBody);
    });
  }

  /**
   * Compiles the rules of all routes.
   *
   * @returns warnings for people. @throws ConfigurationError with every problem of options and decorators.
   */
  install(routes: readonly GuardedRoute[], rules: readonly ConfiguredRule[]): readonly string[] {
    this.routes = routes;
    this.compiled = this.compile(rules);
    return this.compiled.warnings;
  }

  /** Says where an interceptor was bound, so that `replace` knows what it can't serve. */
  bound(routes: Iterable<GuardedRoute>): void {
    this.interceptable = new Set(routes);
  }

  /**
   * Replaces the configured rules; those of decorators stay. All or nothing.
   *
   * @returns warnings for people. @throws ConfigurationError, changing nothing, if a rule is invalid
   * (`CONFIGURATION_INVALID`) or needs an interceptor on a route that was started without one (`RULES_NOT_APPLICABLE`).
   */
  replace(rules: readonly ConfiguredRule[]): readonly string[] {
    const compiled = this.compile(rules);
    const problems: ConfigurationProblem[] = [];
    for (const route of this.routes) {
      const plan = compiled.byController.get(route.controller)?.get(route.handler);
      if (!plan || !needsInterceptor(plan, route.hasBody) || this.interceptable.has(route)) continue;
      const message =
        "has a rule `after: 'guards'` or a pattern for a redirect or view now, but was started without an interceptor; restart with these rules";
      problems.push({ path: route.endpoint, message });
    }
    if (problems.length > 0) throw new ConfigurationError(problems, 'RULES_NOT_APPLICABLE');
    this.compiled = compiled;
    return compiled.warnings;
  }

  private compile(rules: readonly ConfiguredRule[]): Compiled {
    const problems: ConfigurationProblem[] = [];
    const warnings: string[] = [];
    const configured = defineConfigured(rules, this.routes, this.settings.defaults, problems);
    const perRoute = this.routes.map((route) => this.rulesOf(route, configured, problems, warnings));
    const observed = observedUnmatched(this.settings.behavior);
    const unmatched = { ...unmatchedRules(configured, warnings), observed };
    this.checkActions([...perRoute, unmatched], problems);
    this.checkSkips(configured, problems);
    const { plans, problems: planProblems } = compilePlans(
      [...perRoute, unmatched],
      this.settings.escalation,
    );
    problems.push(...planProblems);
    if (problems.length > 0) throw new ConfigurationError(distinct(problems));
    return { ...indexPlans(this.routes, plans), warnings };
  }

  private rulesOf(
    route: GuardedRoute,
    configured: readonly ConfiguredDefinition[],
    problems: ConfigurationProblem[],
    warnings: string[],
  ): RouteRules {
    const fromConfiguration = configured
      .filter(({ matcher }) => matcher.matches(route))
      .map(({ declared }) => declared);
    const fromDecorators = route.decorated.flatMap(({ rule, declaredAt, ...place }): DeclaredRule[] => {
      if (!isObject(rule)) {
        problems.push({ path: place.path, message: 'must be a BehaviorRule' });
        return [];
      }
      const defined = defineRule(rule.type, rule.options, this.settings.defaults, place);
      if ('definition' in defined) return [{ definition: defined.definition, declaredAt, path: place.path }];
      problems.push(...defined.problems);
      return [];
    });
    const { skip } = route;
    const kept = [...fromConfiguration, ...fromDecorators].filter(({ definition }) => {
      return skip !== 'all' && !(definition.name !== undefined && skip.has(definition.name));
    });
    const rules = kept.filter((declared) => this.canInspect(route, declared, problems, warnings));
    const { endpoint, className, trackBy, trackAfterGuards } = route;
    if (trackBy !== undefined && typeof trackBy !== 'function')
      problems.push({ path: `${endpoint} @TrackBy`, message: 'must be a function' });
    const observed = skip === 'all' ? undefined : observedRoute(route, this.settings.behavior, problems);
    const actor = skip === 'all' ? undefined : trackBy;
    return { endpoint, className, rules, trackBy: actor, trackAfterGuards, observed };
  }

  /** A body pattern on a route that sends its response itself: an error where it was written for this route alone. */
  private canInspect(
    route: GuardedRoute,
    { definition, declaredAt, path }: DeclaredRule,
    problems: ConfigurationProblem[],
    warnings: string[],
  ): boolean {
    if (definition.phase !== 'body' || route.opaqueBody === undefined) return true;
    const message = `a body pattern can't see the response of ${route.endpoint}, which ${route.opaqueBody}`;
    if (declaredAt === route.endpoint) problems.push({ path, message });
    else warnings.push(`${path}: ${message}; the rule is left out there`);
    return false;
  }

  private checkActions(routes: readonly RouteRules[], problems: ConfigurationProblem[]): void {
    for (const { definition, path } of routes.flatMap(({ rules }) => rules)) {
      const message = definition.customAction && this.settings.checkAction(definition.customAction);
      if (message !== undefined) problems.push({ path: `${path}.customAction`, message });
    }
  }

  /** `@SkipBehaviorGuard('name')` with a name that no rule has is a mistake in spelling. */
  private checkSkips(configured: readonly ConfiguredDefinition[], problems: ConfigurationProblem[]): void {
    const names = new Set<string | undefined>(configured.map(({ declared }) => declared.definition.name));
    for (const { decorated } of this.routes) for (const { rule } of decorated) names.add(rule?.options?.name);
    for (const { skip, endpoint } of this.routes) {
      if (skip === 'all') continue;
      for (const name of skip) {
        if (names.has(name)) continue;
        problems.push({ path: `${endpoint} @SkipBehaviorGuard`, message: `no rule is named '${name}'` });
      }
    }
  }
}

function indexPlans(
  routes: readonly GuardedRoute[],
  plans: readonly RoutePlan[],
): Pick<Compiled, 'byController' | 'unmatched'> {
  const byController = new Map<object, Map<object, RoutePlan>>();
  routes.forEach((route, index) => {
    if (!watches(plans[index])) return;
    const handlers = byController.get(route.controller) ?? new Map<object, RoutePlan>();
    handlers.set(route.handler, plans[index]);
    byController.set(route.controller, handlers);
  });
  const unmatched = plans[routes.length];
  return { byController, unmatched: watches(unmatched) ? unmatched : undefined };
}

function watches({ phases, bannable, observed }: RoutePlan): boolean {
  if (observed) return true;
  return Object.keys(phases).length > 0 || bannable.early.length > 0 || bannable.late.length > 0;
}

/** A class's rule is validated once for each of its routes. */
function distinct(problems: readonly ConfigurationProblem[]): ConfigurationProblem[] {
  const seen = new Map(problems.map((problem) => [`${problem.path}\n${problem.message}`, problem]));
  return [...seen.values()];
}
