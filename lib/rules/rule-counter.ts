import type { Counter } from '../storage/storage.js';
import type { RuleAction } from './behavior-rule.js';
import type { RuleDefinition } from './rule-definition.js';

/** A validated rule and where it was written. */
export interface DeclaredRule {
  readonly definition: RuleDefinition;
  /** Identity of the place of writing: `rules`, a class, or `Class.method`. Part of the counter's identity. */
  readonly declaredAt: string;
  /** For messages: `rules[1]`, `ShopController.buy @UsageMonitor`. */
  readonly path: string;
}

/** A counter before it is known how much it must hold. */
export type CounterIdentity = Omit<Counter, 'capacity'>;

/** A rule and the counter it counts in. */
export interface CountingRule {
  readonly definition: RuleDefinition;
  readonly counter: CounterIdentity;
}

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

/** One `Counter` object for each identity, with the largest threshold of its rules as capacity. */
export class CounterTable {
  private readonly counters = new Map<CounterIdentity, Counter>();

  constructor(rules: readonly CountingRule[]) {
    const shared = new Map<string, { -readonly [Name in keyof Counter]: Counter[Name] }>();
    for (const { counter: identity, definition } of rules) {
      const { threshold: capacity } = definition;
      if (definition.scope === 'route') {
        // No other route has it, and on this one equal rules count apart.
        this.counters.set(identity, { ...identity, capacity });
        continue;
      }
      const key = `${identity.scope}\n${identity.name}`;
      const counter = shared.get(key) ?? { ...identity, capacity };
      counter.capacity = Math.max(counter.capacity, capacity);
      shared.set(key, counter);
      this.counters.set(identity, counter);
    }
  }

  /** @param identity of one of the rules. */
  get(identity: CounterIdentity): Counter {
    return this.counters.get(identity) as Counter;
  }
}
