import type { GuardedRoute } from './guarded-route.js';
import type { PendingPlan } from './pending-plan.js';
import type { RoutePlan } from './route-plan.js';

/** Plans to be found by what a request has come to. */
export interface PlanIndex {
  /** Controller → handler → plan; only those that watch anything. */
  readonly byController: ReadonlyMap<object, ReadonlyMap<object, PendingPlan>>;
  /** Of requests that no route matched. */
  readonly unmatched: RoutePlan | undefined;
}

/** @param plans in the order of the routes, and one more: of requests that no route matched. */
export function indexPlans(routes: readonly GuardedRoute[], plans: readonly PendingPlan[]): PlanIndex {
  const byController = new Map<object, Map<object, PendingPlan>>();
  routes.forEach(({ controller, handler }, index) => {
    if (!plans[index].watches) return;
    const handlers = byController.get(controller) ?? new Map<object, PendingPlan>();
    handlers.set(handler, plans[index]);
    byController.set(controller, handlers);
  });
  const unmatched = plans[routes.length];
  return { byController, unmatched: unmatched.watches ? unmatched.plan : undefined };
}
