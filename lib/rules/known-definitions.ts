import type { RuleDefaults, RuleDefinition } from './rule-definition.js';

/** A rule that was found valid. */
export interface Defined {
  readonly definition: RuleDefinition;
}

const MOST_DEFINITIONS = 1000;
/** Apart for each application, since what is left out comes from its options. */
const byDefaults = new WeakMap<RuleDefaults, Map<string, Defined>>();

/** Definitions by all that they are made of: hundreds of routes have rules of the same few values. O(length of the values). */
export class KnownDefinitions {
  /** @returns what the same rule gave before. */
  static recall(defaults: RuleDefaults, key: string): Defined | undefined {
    return byDefaults.get(defaults)?.get(key);
  }

  static remember(defaults: RuleDefaults, key: string, defined: Defined): void {
    const known = byDefaults.get(defaults) ?? new Map<string, Defined>();
    byDefaults.set(defaults, known);
    if (known.size < MOST_DEFINITIONS) known.set(key, defined);
  }
}

/** @returns a text that differs where type or options do; `undefined` where they hold more than texts, numbers and booleans. */
export function definitionKey(type: unknown, options: unknown): string | undefined {
  if (typeof type !== 'string' || typeof options !== 'object' || options === null) return undefined;
  if (Object.getPrototypeOf(options) !== Object.prototype) return undefined;
  let key = `${type.length} ${type}`;
  for (const name of Object.getOwnPropertyNames(options)) {
    const value: unknown = Reflect.get(options, name);
    // Lengths, so that no text can look like the beginning of the next option.
    if (typeof value === 'string') key += `,${name.length} ${name}"${value.length} ${value}`;
    else if (typeof value === 'number' || typeof value === 'boolean')
      key += `,${name.length} ${name}=${String(value)}`;
    else return undefined;
  }
  return key;
}
