import type { KnownRule, RuleOrigin } from './passive-changes.js';
import type { RoutePlan } from './route-plan.js';
import type { RuleDefinition } from './rule-definition.js';

/** The rules of these plans, each once: what is decided at the end of a response is asked about at the beginning, too. */
export function knownRules(
  plans: readonly (RoutePlan | undefined)[],
  origins: ReadonlyMap<RuleDefinition, RuleOrigin>,
): readonly KnownRule[] {
  return plans.flatMap((plan) => {
    if (!plan) return [];
    const compiled = Object.values(plan.phases).flatMap((groups) => groups.flatMap(({ rules }) => rules));
    return compiled.flatMap(({ name, definition, query }): KnownRule[] => {
      const origin = origins.get(definition);
      if (query.peek === true || !origin) return [];
      const { type, action, passive } = definition;
      const isNamed = definition.name !== undefined;
      const { endpoint } = plan;
      return [{ endpoint, rule: name, type, action, passive, source: origin.kind, origin, isNamed }];
    });
  });
}
