import type { KnownRule } from './passive-changes.js';
import type { RoutePlan } from './route-plan.js';

/** The rules of these plans, each once: what is decided at the end of a response is asked about at the beginning, too. */
export function knownRules(plans: readonly (RoutePlan | undefined)[]): readonly KnownRule[] {
  return plans.flatMap((plan) => {
    if (!plan) return [];
    const compiled = Object.values(plan.phases).flatMap((groups) => groups.flatMap(({ rules }) => rules));
    return compiled.flatMap(({ name, definition, query, origin }): KnownRule[] => {
      if (query.peek === true || !origin) return [];
      const { type, action, passive } = definition;
      const isNamed = definition.name !== undefined;
      const { endpoint } = plan;
      return [{ endpoint, rule: name, type, action, passive, source: origin.kind, origin, isNamed }];
    });
  });
}
