import type { RuleDefaults, RuleDefinition } from './rule-definition.js';

/** A rule that was found valid. */
export interface Defined {
  readonly definition: RuleDefinition;
}

interface Entry {
  readonly type: unknown;
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  readonly defined: Defined;
}

/** Most applications have rules of few kinds; where there are more, going through more would take longer than validating. */
const MOST_DEFINITIONS = 32;
/** Apart for each application, since what is left out comes from its options. */
const byDefaults = new WeakMap<RuleDefaults, Entry[]>();

/** @returns what a rule of the same type and options gave before: hundreds of routes have rules of the same few values. */
export function recallDefinition(
  type: unknown,
  options: unknown,
  defaults: RuleDefaults,
): Defined | undefined {
  const entries = byDefaults.get(defaults);
  if (!entries || !isPlain(options)) return undefined;
  return entries.find((entry) => entry.type === type && isSame(entry, options))?.defined;
}

/** Remembers it for rules that are equal; those with objects or lists among their options, which may change, are left out. */
export function rememberDefinition(
  type: unknown,
  options: unknown,
  defaults: RuleDefaults,
  defined: Defined,
): void {
  if (!isPlain(options)) return;
  const entries = byDefaults.get(defaults) ?? [];
  byDefaults.set(defaults, entries);
  const names = Object.getOwnPropertyNames(options);
  const values = names.map((name) => options[name]);
  if (entries.length >= MOST_DEFINITIONS || values.some((value) => typeof value === 'object')) return;
  entries.push({ type, names, values, defined });
}

function isPlain(options: unknown): options is Readonly<Record<string, unknown>> {
  return (
    typeof options === 'object' && options !== null && Object.getPrototypeOf(options) === Object.prototype
  );
}

/** In the same order: sources are alike. */
function isSame({ names, values }: Entry, options: Readonly<Record<string, unknown>>): boolean {
  let at = 0;
  for (const name in options) {
    if (name !== names[at] || options[name] !== values[at]) return false;
    at++;
  }
  // Those that can't be enumerated count for the schema, too.
  return at === names.length && Object.getOwnPropertyNames(options).length === at;
}
