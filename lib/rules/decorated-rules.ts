import type { ConfigurationProblem } from '../errors/errors.js';
import type { BehaviorRule } from './behavior-rule.js';
import { isObject } from './configured-rules.js';
import type { PassiveOverrides } from './passive-changes.js';
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

/** The rules of a route's decorators, validated; what is wrong with them goes to `problems`. */
export function decoratedRules(
  { endpoint, decorated }: { readonly endpoint: string; readonly decorated: readonly DecoratedRule[] },
  defaults: RuleDefaults,
  overrides: PassiveOverrides,
  problems: ConfigurationProblem[],
): DeclaredRule[] {
  const declared: DeclaredRule[] = [];
  decorated.forEach((place, ordinal) => {
    const { rule, declaredAt, path } = place;
    if (!isObject(rule)) {
      problems.push({ path, message: 'must be a BehaviorRule' });
      return;
    }
    // Decorators stay as they are, and so does their order.
    const key = `${endpoint}|${ordinal}`;
    // The look-up alone would be a good part of the time that many rules take.
    const passive = overrides.size === 0 ? undefined : overrides.get(key);
    const options = passive === undefined ? rule.options : { ...rule.options, passive };
    const defined = defineRule(rule.type, options, defaults, place);
    if ('problems' in defined) {
      problems.push(...defined.problems);
      return;
    }
    const declaredPassive = defaults.passive || rule.options.passive === true;
    const origin = { kind: 'decorator', key, declaredPassive } as const;
    declared.push({ definition: defined.definition, declaredAt, path, origin });
  });
  return declared;
}
