import { z } from 'zod';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { Duration } from '../rules/behavior-rule.js';
import { SparseObject, sparseObject, type SparseOutput } from '../rules/sparse-object.js';
import { countSchema, durationSchema, issuesOf, show } from '../rules/value-schemas.js';
import { DETECTORS } from './risk-settings.js';
import type { DetectorName, RiskCombination, RiskPolicy, RiskSettings } from './risk-settings.js';

export { ActorSettings, settingsFor } from './actor-settings.js';

/** What is normal for an actor; what is left out has the default of {@link RiskSettings}, or of the level above. */
export interface RiskSettingsOptions {
  /** Sliding window of the counting detectors; 1 ms to 30 days, default 300 s. */
  window?: Duration;
  /** Events in the window: an integer >= 1; default 100. */
  burstMaxEvents?: number;
  /** Events of the same action and target in the window: an integer >= 1; default 10. */
  repetitionMaxCount?: number;
  /** Distinct targets in the window: an integer >= 1; default 50. */
  hoppingMaxTargets?: number;
  /** Sum of weights in the window: above 0, at most 1e9; default 1000. */
  weightMaxTotal?: number;
  /** A period that no person keeps; 0 or left out: regularity is found from the gaps themselves. */
  interval?: Duration;
  /** How far a gap may be from the period, as a part of it: 0 to 1; default 0.2. */
  intervalToleranceRatio?: number;
  /** Gaps needed to call an actor regular: 3 to 254, or 0: never; default 16. */
  intervalMinGaps?: number;
  /** Changes back and forth between targets, or of identity, in the window: an integer >= 1; default 50. */
  switchingMaxCount?: number;
  /** Default `max`. */
  riskCombine?: RiskCombination;
  /** Weights of detectors in `weighted_sum`: 0 to 1000 each; default 1. */
  weights?: Partial<Readonly<Record<DetectorName, number>>>;
  /** Risks below it are allowed: 0 to 1; default 0.3. */
  allowBelow?: number;
  /** Risks below it are warned of: `allowBelow` to 1; default 0.6. */
  warnBelow?: number;
  /** Risks below it are delayed, all others blocked: `warnBelow` to 1; default 0.85. */
  delayBelow?: number;
  /** How long a delayed event waits; default 5 s. */
  delay?: Duration;
  /** Warnings (or delays) within the window after which the next is raised by a step, at most 255; default 0: never. */
  escalateAfter?: number;
}

/** The module's option `anomaly`: what is normal for everybody, and for some. */
export interface RiskOptions extends RiskSettingsOptions {
  /** By actor, or by a pattern with `*` such as `ip:10.0.*`. What an entry doesn't name it inherits. */
  actors?: Readonly<Record<string, RiskSettingsOptions>>;
}

/** What holds where nothing is configured. */
export const DEFAULT_RISK_SETTINGS: RiskSettings = {
  windowMs: 300_000,
  burstMaxEvents: 100,
  repetitionMaxCount: 10,
  hoppingMaxTargets: 50,
  weightMaxTotal: 1000,
  intervalMs: undefined,
  intervalToleranceRatio: 0.2,
  intervalMinGaps: 16,
  switchingMaxCount: 50,
  riskCombine: 'max',
  weights: { burst: 1, repetition: 1, hopping: 1, weight: 1, interval: 1, switching: 1 },
  allowBelow: 0.3,
  warnBelow: 0.6,
  delayBelow: 0.85,
  delayMs: 5000,
  escalateAfter: 0,
};

/** Times of events are kept in 32 bits. */
const MOST_WINDOW_MS = 30 * 86_400_000;
const GAPS_FORMS = 'must be an integer from 3 to 254, or 0 (never)';
const TOTAL_FORMS = 'must be a number above 0, at most 1000000000';

function numberSchema(least: number, most: number): z.ZodType<number> {
  const message = `must be a number from ${least} to ${most}`;
  return z.number(message).min(least, message).max(most, message);
}

const detectorWeight = () => numberSchema(0, 1000);

const SETTINGS_SHAPE = {
  window: () => durationSchema(1).refine((ms) => ms <= MOST_WINDOW_MS, 'must be at most 30 days'),
  burstMaxEvents: () => countSchema(1),
  repetitionMaxCount: () => countSchema(1),
  hoppingMaxTargets: () => countSchema(1),
  weightMaxTotal: () => z.number(TOTAL_FORMS).positive(TOTAL_FORMS).max(1e9, TOTAL_FORMS),
  interval: () => durationSchema(0),
  intervalToleranceRatio: () => numberSchema(0, 1),
  intervalMinGaps: () =>
    z
      .number(GAPS_FORMS)
      .refine((gaps) => gaps === 0 || (Number.isInteger(gaps) && gaps >= 3 && gaps <= 254), GAPS_FORMS),
  switchingMaxCount: () => countSchema(1),
  riskCombine: () =>
    z.enum(['max', 'weighted_sum'], {
      error: ({ input }) => `must be 'max' or 'weighted_sum'; got ${show(input)}`,
    }),
  weights: () =>
    sparseObject(
      {
        burst: detectorWeight,
        repetition: detectorWeight,
        hopping: detectorWeight,
        weight: detectorWeight,
        interval: detectorWeight,
        switching: detectorWeight,
      } satisfies Record<DetectorName, unknown>,
      `must be an object with weights for ${DETECTORS.join(', ')}`,
    ),
  allowBelow: () => numberSchema(0, 1),
  warnBelow: () => numberSchema(0, 1),
  delayBelow: () => numberSchema(0, 1),
  delay: () => durationSchema(0),
  escalateAfter: () => countSchema(0, 255),
};

const SETTINGS_SCHEMA = new SparseObject(SETTINGS_SHAPE);
const POLICY_SCHEMA = new SparseObject({ ...SETTINGS_SHAPE, actors: () => z.unknown() });

type Given = SparseOutput<typeof SETTINGS_SHAPE>;

/**
 * Validates the options of the risk engine and fills in defaults.
 *
 * @returns the policy, and every problem with its path (`actors["ip:10.*"].warnBelow`); where there are problems, the
 * policy is what the valid part of the options makes.
 */
export function resolveRisk(options: unknown): { policy: RiskPolicy; problems: ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = [];
  const given = parsed(POLICY_SCHEMA, options, '', problems);
  const { actors: actorOptions, ...own } = given as Given & { actors?: unknown };
  const defaults = merged(DEFAULT_RISK_SETTINGS, own);
  checkBands(defaults, own, '', problems);
  const actors = new Map<string, RiskSettings>();
  for (const [name, overrides] of entriesOf(actorOptions, problems)) {
    const path = `actors[${JSON.stringify(name)}]`;
    const ownOfActor = parsed(SETTINGS_SCHEMA, overrides, path, problems);
    const settings = merged(defaults, ownOfActor);
    checkBands(settings, ownOfActor, path, problems);
    actors.set(name, settings);
  }
  return { policy: { defaults, actors }, problems };
}

function entriesOf(actors: unknown, problems: ConfigurationProblem[]): [string, unknown][] {
  if (actors === undefined) return [];
  if (typeof actors === 'object' && actors !== null && !Array.isArray(actors)) return Object.entries(actors);
  problems.push({ path: 'actors', message: 'must be an object with actors as keys' });
  return [];
}

/** The valid part of the options; what is wrong goes to `problems`. */
function parsed(
  schema: { safeParse(value: unknown): z.ZodSafeParseResult<Given> },
  options: unknown,
  path: string,
  problems: ConfigurationProblem[],
): Given {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const wrong = new Set<string>();
  for (const { key, message } of issuesOf(result.error)) {
    problems.push({ path: [path, key].filter((part) => part !== '').join('.'), message });
    wrong.add(key.split('.', 1)[0]);
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return {};
  const valid = Object.entries(options).filter(([key]) => !wrong.has(key));
  const rest = schema.safeParse(Object.fromEntries(valid));
  return rest.success ? rest.data : {};
}

/** What is named replaces what is inherited. */
function merged(base: RiskSettings, given: Given): RiskSettings {
  const { window, interval, delay, weights = {}, ...same } = given;
  return {
    ...base,
    ...named(same),
    ...(window === undefined ? {} : { windowMs: window }),
    ...(interval === undefined ? {} : { intervalMs: interval === 0 ? undefined : interval }),
    ...(delay === undefined ? {} : { delayMs: delay }),
    weights: { ...base.weights, ...named(weights) },
  };
}

type Named<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what is given as `undefined`. */
function named<T extends object>(given: T): Named<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Named<T>;
}

/** Reported where the later band is named, else where the earlier one is. */
function checkBands(
  settings: RiskSettings,
  own: Given,
  path: string,
  problems: ConfigurationProblem[],
): void {
  const pairs = [
    ['allowBelow', 'warnBelow'],
    ['warnBelow', 'delayBelow'],
  ] as const;
  for (const [lower, upper] of pairs) {
    if (settings[lower] <= settings[upper]) continue;
    const isUpper = own[upper] !== undefined;
    if (!isUpper && own[lower] === undefined) continue;
    const [key, other, relation] = isUpper ? [upper, lower, 'least'] : [lower, upper, 'most'];
    const message = `must be at ${relation} ${other} (${settings[other]}); got ${settings[key]}`;
    problems.push({ path: path === '' ? key : `${path}.${key}`, message });
  }
}
