import type { Counter } from '../storage/storage.js';
import type { RuleAction } from './behavior-rule.js';
import type { RuleDefinition, RuleOrigin } from './rule-definition.js';

/** A validated rule and where it was written. */
export interface DeclaredRule {
  readonly definition: RuleDefinition;
  /** Identity of the place of writing: `rules`, a class, or `Class.method`. Part of the counter's identity. */
  readonly declaredAt: string;
  /** For messages: `rules[1]`, `ShopController.buy @UsageMonitor`. */
  readonly path: string;
  /** Absent where it is in force for no route. */
  readonly origin?: RuleOrigin;
}

/** A counter before it is known how much it must hold. */
type CounterIdentity = Omit<Counter, 'capacity'>;

/** Counting class of an action: see `CountingClass`. */
export function countingClass(action: RuleAction): Counter['class'] {
  return action === 'throttle' || action === 'delay' || action === 'challenge' ? 'served' : 'attempts';
}

/**
 * Identity of a rule's counter. It holds no index into a list of rules, so that instances with slightly different
 * rule sets on one storage (a rolling deploy) mean the same counter wherever they have the same rule. It tells no threshold,
 * which may change while counting goes on.
 *
 * @param keys how often each identity was asked for on this route: equal rules count apart.
 */
export function counterOf(
  route: { readonly endpoint: string; readonly className: string },
  declared: DeclaredRule,
  keys: Map<string, number>,
): CounterIdentity {
  const { definition } = declared;
  const kind = definition.pacing ? 'pacing' : 'window';
  const countClass = countingClass(definition.action);
  const what = `${definition.type}|${definition.pattern?.source ?? ''}|${definition.windowMs}|${countClass}|${kind}`;
  const shared = { kind, windowMs: definition.windowMs, class: countClass } as const;
  if (typeof definition.scope === 'object')
    return { scope: `group:${definition.scope.group}`, name: what, ...shared };
  const key = `${declared.declaredAt}|${definition.name ?? definition.action}|${what}`;
  const twins = keys.get(key) ?? 0;
  keys.set(key, twins + 1);
  const scope =
    definition.scope === 'global'
      ? 'global'
      : definition.scope === 'class'
        ? `class:${route.className}`
        : `route:${route.endpoint}`;
  return { scope, name: twins === 0 ? key : `${key}|${twins + 1}`, ...shared };
}

/** The counters of rules: one object for each identity, with the largest threshold of its rules as capacity. */
export class Counters {
  private readonly shared = new Map<string, { -readonly [Name in keyof Counter]: Counter[Name] }>();

  /**
   * The counter of a rule; what it holds is known when each rule was asked about whose scope is more than its route. No other
   * route has the counter of a rule of one, and there equal rules count apart: ask once for each.
   */
  take(identity: CounterIdentity, { scope, threshold: capacity }: RuleDefinition): Counter {
    if (scope === 'route') return { ...identity, capacity };
    const key = `${identity.scope}\n${identity.name}`;
    const counter = this.shared.get(key) ?? { ...identity, capacity };
    counter.capacity = Math.max(counter.capacity, capacity);
    this.shared.set(key, counter);
    return counter;
  }
}
