import type { GuardedRoute } from './guarded-route.js';
import type { RoutePlan } from './route-plan.js';

/** Plans to be found by what a request has come to. */
export interface PlanIndex {
  /** Controller → handler → plan; only those that watch anything. */
  readonly byController: ReadonlyMap<object, ReadonlyMap<object, RoutePlan>>;
  /** Of requests that no route matched. */
  readonly unmatched: RoutePlan | undefined;
}

/** @param plans in the order of the routes, and one more: of requests that no route matched. */
export function indexPlans(routes: readonly GuardedRoute[], plans: readonly RoutePlan[]): PlanIndex {
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
