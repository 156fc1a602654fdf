import type { ConfigurationProblem } from '../errors/errors.js';
import type { BehaviorRule } from './behavior-rule.js';
import { isObject } from './configured-rules.js';
import type { PassiveOverrides, RuleOrigin } from './passive-changes.js';
import type { DeclaredRule } from './rule-counter.js';
import type { RuleDefaults, RuleDefinition } from './rule-definition.js';
import { defineRule } from './rule-schema.js';
import type { RulePlace } from './rule-schema.js';

/** A rule that a decorator wrote. */
export interface DecoratedRule extends RulePlace {
  readonly rule: BehaviorRule;
  /** The class, or `Class.method`. */
  readonly declaredAt: string;
}

/** What is said of decorators' rules while the application runs, and where each of their definitions is from. */
export interface DecoratedTerms {
  readonly overrides: PassiveOverrides;
  readonly origins: Map<RuleDefinition, RuleOrigin>;
}

/** The rules of a route's decorators, validated; what is wrong with them goes to `problems`. */
export function decoratedRules(
  { endpoint, decorated }: { readonly endpoint: string; readonly decorated: readonly DecoratedRule[] },
  defaults: RuleDefaults,
  { overrides, origins }: DecoratedTerms,
  problems: ConfigurationProblem[],
): DeclaredRule[] {
  return decorated.flatMap(({ rule, declaredAt, ...place }, ordinal): DeclaredRule[] => {
    if (!isObject(rule)) {
      problems.push({ path: place.path, message: 'must be a BehaviorRule' });
      return [];
    }
    // Decorators stay as they are, and so does their order.
    const key = `${endpoint}|${ordinal}`;
    const passive = overrides.get(key);
    const options = passive === undefined ? rule.options : { ...rule.options, passive };
    const defined = defineRule(rule.type, options, defaults, place);
    if ('problems' in defined) {
      problems.push(...defined.problems);
      return [];
    }
    const { definition } = defined;
    const declaredPassive = defaults.passive || rule.options.passive === true;
    origins.set(definition, { kind: 'decorator', key, declaredPassive });
    return [{ definition, declaredAt, path: place.path }];
  });
}
