import type { ConfigurationProblem } from '../errors/errors.js';
import { placeRules, planOf, problemsOf } from './compile-plan.js';
import type { Escalation, PlacedRule, RouteRules } from './compile-plan.js';
import { needsInterceptor } from './route-plan.js';
import type { RoutePlan } from './route-plan.js';
import { Counters } from './rule-counter.js';

/**
 * The plan of a route, compiled when it is first asked for, in some 20 µs (the first of all, 0.5 ms): an application may have
 * thousands of routes, and is to start soon. Its rules are validated before, so that compiling can't fail.
 */
export class PendingPlan {
  private compiled: RoutePlan | undefined;
  private placed: readonly PlacedRule[] | undefined;

  constructor(
    private readonly route: RouteRules,
    private readonly counters: Counters,
    private readonly escalation: Escalation,
  ) {
    // How much a counter must hold that routes share is known when all their rules are.
    if (route.rules.some(({ definition }) => definition.scope !== 'route')) this.place();
  }

  get plan(): RoutePlan {
    return (this.compiled ??= planOf(this.route, this.place(), this.escalation));
  }

  /** Whether there is anything to do for the route's requests. */
  get watches(): boolean {
    const { rules, trackBy, observed } = this.route;
    return rules.length > 0 || trackBy !== undefined || observed !== undefined;
  }

  /** Whether the route needs the interceptor. @param hasBody whether what its handler returns is sent as the body. */
  needsInterceptor(hasBody: boolean): boolean {
    const { rules, trackBy } = this.route;
    // Where all rules count the client each has its own phase, and the plan need not be made to say so.
    const isPlain = trackBy === undefined && rules.every(({ definition }) => !definition.trackBy);
    if (!isPlain) return needsInterceptor(this.plan, hasBody);
    return rules.some(
      ({ definition: { phase } }) => phase === 'afterGuards' || (phase === 'body' && !hasBody),
    );
  }

  private place(): readonly PlacedRule[] {
    return (this.placed ??= placeRules(this.route, this.counters));
  }
}

/** Prepares the plans of all routes together, since rules of one group share a counter across routes. */
export function preparePlans(
  routes: readonly RouteRules[],
  escalation: Escalation,
): { plans: PendingPlan[]; problems: ConfigurationProblem[] } {
  const counters = new Counters();
  return {
    plans: routes.map((route) => new PendingPlan(route, counters, escalation)),
    problems: routes.flatMap(problemsOf),
  };
}

/** The same at once, for who needs every plan. */
export function compilePlans(
  routes: readonly RouteRules[],
  escalation: Escalation,
): { plans: RoutePlan[]; problems: ConfigurationProblem[] } {
  const { plans, problems } = preparePlans(routes, escalation);
  return { plans: plans.map(({ plan }) => plan), problems };
}
