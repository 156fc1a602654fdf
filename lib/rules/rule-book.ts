import { ConfigurationError } from '../errors/errors.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { CustomAction } from './behavior-rule.js';
import type { Escalation, RouteRules } from './compile-plan.js';
import { defineConfigured, unmatchedRules } from './configured-rules.js';
import type { ConfiguredDefinition, ConfiguredRule } from './configured-rules.js';
import { decoratedRules } from './decorated-rules.js';
import type { GuardedRoute } from './guarded-route.js';
import { knownRules } from './known-rules.js';
import { withPassive } from './passive-changes.js';
import type { PassiveChange, PassiveOverrides, RuleInForce } from './passive-changes.js';
import { observedRoute, observedUnmatched, type BehaviorEngines } from './observed-route.js';
import { preparePlans, type PendingPlan } from './pending-plan.js';
import { indexPlans, type PlanIndex } from './plan-index.js';
import type { RoutePlan } from './route-plan.js';
import type { DeclaredRule } from './rule-counter.js';
import type { RuleDefaults } from './rule-definition.js';

/** What a `RuleBook` needs beside the rules. */
export interface RuleBookSettings {
  readonly defaults: RuleDefaults;
  readonly escalation: Escalation;
  /** What is wrong with a custom action, if anything: a class that the application doesn't provide. */
  readonly checkAction: (action: CustomAction) => string | undefined;
  readonly behavior: BehaviorEngines;
}

interface Compiled extends PlanIndex {
  /** As they were given. */
  readonly configured: readonly ConfiguredRule[];
  readonly overrides: PassiveOverrides;
  readonly warnings: readonly string[];
}

/** The rules in force: every route's plan, compiled from configuration and decorators, replaceable as a whole. */
export class RuleBook {
  private routes: readonly GuardedRoute[] = [];
  private interceptable: ReadonlySet<GuardedRoute> = new Set();
  /** Changes whenever other rules come into force. */
  version = 0;
  private compiled: Compiled = {
    configured: [],
    overrides: new Map(),
    byController: new Map(),
    unmatched: undefined,
    warnings: [],
  };

  constructor(private readonly settings: RuleBookSettings) {}

  /** The configured rules in force, as they were given. */
  get configured(): readonly ConfiguredRule[] {
    return this.compiled.configured;
  }

  /** The rules of every route, each once. */
  inForce(): readonly RuleInForce[] {
    return this.known().map(({ origin, isNamed: _, ...rule }) => {
      if (origin.kind === 'configured' || origin.declaredPassive === rule.passive) return rule;
      return { ...rule, declaredPassive: origin.declaredPassive };
    });
  }

  /** The plan of requests that no route matched, if a rule means them. */
  get unmatched(): RoutePlan | undefined {
    return this.compiled.unmatched;
  }

  /** The plan of a route, or `undefined` where nothing is watched. Two map look-ups. */
  planOf(controller: object, handler: object): RoutePlan | undefined {
    return this.compiled.byController.get(controller)?.get(handler)?.plan;
  }

  /** The routes whose plan needs the interceptor. */
  routesToIntercept(): GuardedRoute[] {
    return this.routes.filter((route) => needsInterceptor(this.compiled, route));
  }

  /**
   * Compiles the rules of all routes.
   *
   * @returns warnings for people. @throws ConfigurationError with every problem of options and decorators.
   */
  install(routes: readonly GuardedRoute[], rules: readonly ConfiguredRule[]): readonly string[] {
    this.routes = routes;
    this.compiled = this.compile(rules, new Map());
    return this.compiled.warnings;
  }

  /** Says where an interceptor was bound, so that `replace` knows what it can't serve. */
  bound(routes: Iterable<GuardedRoute>): void {
    this.interceptable = new Set(routes);
  }

  /**
   * Replaces the configured rules; those of decorators stay, passive or not as they are. All or nothing.
   *
   * @returns warnings for people. @throws ConfigurationError, changing nothing, if a rule is invalid
   * (`CONFIGURATION_INVALID`) or needs an interceptor on a route that was started without one (`RULES_NOT_APPLICABLE`).
   */
  replace(rules: readonly ConfiguredRule[]): readonly string[] {
    return this.putInForce(this.compile(rules, this.compiled.overrides));
  }

  /**
   * Makes rules passive, or active again. All or nothing; counters go on.
   *
   * @returns warnings for people. @throws ConfigurationError, changing nothing, if there is no such rule.
   */
  setPassive(changes: readonly PassiveChange[]): readonly string[] {
    const { configured, overrides } = withPassive(changes, {
      known: this.known(),
      configured: this.configured,
      overrides: this.compiled.overrides,
      allPassive: this.settings.defaults.passive,
    });
    return this.putInForce(this.compile(configured, overrides));
  }

  private known() {
    const plans = this.routes.map((route) => this.planOf(route.controller, route.handler));
    return knownRules([...plans, this.unmatched]);
  }

  private putInForce(compiled: Compiled): readonly string[] {
    const problems: ConfigurationProblem[] = [];
    for (const route of this.routes) {
      if (!needsInterceptor(compiled, route) || this.interceptable.has(route)) continue;
      const message =
        "has a rule `after: 'guards'` or a pattern for a redirect or view now, but was started without an interceptor; restart with these rules";
      problems.push({ path: route.endpoint, message });
    }
    if (problems.length > 0) throw new ConfigurationError(problems, 'RULES_NOT_APPLICABLE');
    this.compiled = compiled;
    this.version++;
    return compiled.warnings;
  }

  private compile(rules: readonly ConfiguredRule[], overrides: PassiveOverrides): Compiled {
    const problems: ConfigurationProblem[] = [];
    const warnings: string[] = [];
    const configured = defineConfigured(rules, this.routes, this.settings.defaults, problems);
    const perRoute = this.routes.map((route) =>
      this.rulesOf(route, configured, overrides, { problems, warnings }),
    );
    const observed = observedUnmatched(this.settings.behavior);
    const unmatched = { ...unmatchedRules(configured, warnings), observed };
    this.checkActions([...perRoute, unmatched], problems);
    this.checkSkips(configured, problems);
    const { plans, problems: planProblems } = preparePlans(
      [...perRoute, unmatched],
      this.settings.escalation,
    );
    problems.push(...planProblems);
    if (problems.length > 0) throw new ConfigurationError(distinct(problems));
    return { configured: rules, overrides, ...indexPlans(this.routes, plans), warnings };
  }

  private rulesOf(
    route: GuardedRoute,
    configured: readonly ConfiguredDefinition[],
    overrides: PassiveOverrides,
    { problems, warnings }: { readonly problems: ConfigurationProblem[]; readonly warnings: string[] },
  ): RouteRules {
    const fromConfiguration = configured
      .filter(({ matcher }) => matcher.matches(route))
      .map(({ declared }) => declared);
    const fromDecorators = decoratedRules(route, this.settings.defaults, overrides, problems);
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
    for (const { rules } of routes) {
      for (const { definition, path } of rules) {
        const message = definition.customAction && this.settings.checkAction(definition.customAction);
        if (message !== undefined) problems.push({ path: `${path}.customAction`, message });
      }
    }
  }

  /** `@SkipBehaviorGuard('name')` with a name that no rule has is a mistake in spelling. */
  private checkSkips(configured: readonly ConfiguredDefinition[], problems: ConfigurationProblem[]): void {
    if (this.routes.every(({ skip }) => skip === 'all' || skip.size === 0)) return;
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

function needsInterceptor({ byController }: PlanIndex, route: GuardedRoute): boolean {
  const pending: PendingPlan | undefined = byController.get(route.controller)?.get(route.handler);
  return pending?.needsInterceptor(route.hasBody) ?? false;
}

/** A class's rule is validated once for each of its routes. */
function distinct(problems: readonly ConfigurationProblem[]): ConfigurationProblem[] {
  const seen = new Map(problems.map((problem) => [`${problem.path}\n${problem.message}`, problem]));
  return [...seen.values()];
}
