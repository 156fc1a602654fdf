import type { ConfigurationProblem } from '../errors/errors.js';
import { show } from '../rules/value-schemas.js';
import { SIGNALS } from './registry.js';
import type { BotSignal } from './bot-signal.js';

const MOST_WEIGHT = 10;

/** The application's own signals, constructed where classes were given, and what is wrong with them. */
export function ownSignals(given: unknown): {
  readonly signals: readonly BotSignal[];
  readonly problems: readonly ConfigurationProblem[];
} {
  const signals: BotSignal[] = [];
  const problems: ConfigurationProblem[] = [];
  const names = new Set(SIGNALS.map(({ name }) => name));
  (Array.isArray(given) ? given : []).forEach((entry: unknown, index) => {
    const signal = instanceOf(entry);
    const message = typeof signal === 'string' ? signal : problemOf(signal, names);
    if (message === undefined) signals.push(signal as BotSignal);
    else problems.push({ path: `signals[${index}]`, message });
  });
  return { signals, problems };
}

function instanceOf(entry: unknown): unknown {
  if (typeof entry !== 'function') return entry;
  try {
    return Reflect.construct(entry, []) as unknown;
  } catch (error) {
    return `cannot be constructed without arguments: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function problemOf(signal: unknown, names: Set<string>): string | undefined {
  if (typeof signal !== 'object' || signal === null)
    return `must be a signal or a class of signals; got ${show(signal)}`;
  const name: unknown = Reflect.get(signal, 'name');
  if (typeof name !== 'string' || name === '') return 'must have a name';
  if (typeof Reflect.get(signal, 'assess') !== 'function') return `${name} must have a method assess`;
  if (names.has(name)) return `${name} is the name of another signal`;
  names.add(name);
  const weight: unknown = Reflect.get(signal, 'weight');
  if (weight === undefined) return undefined;
  const isWeight = typeof weight === 'number' && weight >= 0 && weight <= MOST_WEIGHT;
  return isWeight ? undefined : `${name}.weight must be a number from 0 to ${MOST_WEIGHT}`;
}
