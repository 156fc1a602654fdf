import { resolveRisk, type RiskOptions } from '../risk/risk-options.js';
import type { RiskPolicy } from '../risk/risk-settings.js';
import { show } from '../rules/value-schemas.js';
import type { TableProblem } from './config-error.js';
import type { KeyPath } from './key-locator.js';

/** The keys of `[guard]` and of each of its actors, by the option that they set. */
export const GUARD_KEYS = {
  window: 'window_secs',
  burstMaxEvents: 'burst_max_events',
  repetitionMaxCount: 'repetition_max_count',
  hoppingMaxTargets: 'hopping_max_targets',
  weightMaxTotal: 'weight_max_total',
  interval: 'interval_secs',
  intervalToleranceRatio: 'interval_tolerance_ratio',
  intervalMinGaps: 'interval_min_gaps',
  switchingMaxCount: 'switching_max_count',
  riskCombine: 'risk_combine',
  weights: 'weights',
  allowBelow: 'allow_below',
  warnBelow: 'warn_below',
  delayBelow: 'delay_below',
  delay: 'delay_secs',
  escalateAfter: 'escalate_after',
} as const;

const OPTION_OF = new Map<string, string>(Object.entries(GUARD_KEYS).map(([option, key]) => [key, option]));
const KEY_OF = new Map<string, string>(Object.entries(GUARD_KEYS));

/** Least number of seconds of the keys that are durations; at most ten years. */
const LEAST_SECONDS = new Map<string, number>([
  ['window_secs', 0.001],
  ['interval_secs', 0],
  ['delay_secs', 0],
]);
const MOST_SECONDS = 315_619_200;

/** A TOML table as parsed. */
export type Table = Readonly<Record<string, unknown>>;

/** Whether a value of a document is a table (dates are objects, too). */
export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Reads `[guard]`. What is wrong goes to `problems`; the policy is then made of the rest. */
export function readGuard(
  table: unknown,
  problems: TableProblem[],
): { readonly policy: RiskPolicy; readonly options: RiskOptions } {
  const found: TableProblem[] = [];
  const options = isTable(table) ? optionsOf(table, ['guard'], found) : {};
  if (!isTable(table) && table !== undefined) found.push({ path: ['guard'], message: 'must be a table' });
  if (isTable(table) && table.actors !== undefined) options.actors = actorsOf(table.actors, found);
  const { policy, problems: ofOptions } = resolveRisk(options);
  for (const { path, message } of ofOptions)
    found.push({ path: ['guard', ...keysOf(path)], message: withKeys(message) });
  problems.push(...found);
  return { policy, options: options };
}

function actorsOf(actors: unknown, problems: TableProblem[]): Record<string, unknown> {
  const path = ['guard', 'actors'];
  if (!isTable(actors)) {
    problems.push({ path, message: 'must be a table of tables: [guard.actors."id"]' });
    return {};
  }
  return Object.fromEntries(
    Object.entries(actors).flatMap(([name, overrides]) => {
      if (isTable(overrides)) return [[name, optionsOf(overrides, [...path, name], problems)]];
      problems.push({ path: [...path, name], message: 'must be a table' });
      return [];
    }),
  );
}

/** The options that a table's keys set; keys that set none, and durations out of range, are problems. */
function optionsOf(table: Table, path: KeyPath, problems: TableProblem[]): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const option = OPTION_OF.get(key);
    const least = LEAST_SECONDS.get(key);
    if (option === undefined) {
      if (key === 'actors' && path.length === 1) continue;
      problems.push({ path: [...path, key], message: 'is not a known key' });
    } else if (least !== undefined && !isSeconds(value, least)) {
      const message = `must be a number of seconds from ${least} to ${MOST_SECONDS}; got ${show(value)}`;
      problems.push({ path: [...path, key], message });
    } else options[option] = value;
  }
  return options;
}

function isSeconds(value: unknown, least: number): boolean {
  return typeof value === 'number' && value >= least && value <= MOST_SECONDS;
}

/** `actors["a"].warnBelow` → `actors`, `a`, `warn_below`. */
function keysOf(path: string): string[] {
  const [, actor, rest] = /^(?:actors\[("(?:[^"\\]|\\.)*")\])?\.?(.*)$/s.exec(path) as RegExpExecArray;
  const keys = rest === '' ? [] : rest.split('.').map((option) => KEY_OF.get(option) ?? option);
  return actor === undefined ? keys : ['actors', JSON.parse(actor) as string, ...keys];
}

/** Options that a message names, as the file names them. */
function withKeys(message: string): string {
  return message
    .replace('is not a known option', 'is not a known key')
    .replace(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g, (option) => KEY_OF.get(option) ?? option)
    .replace('must be an object', 'must be a table');
}
