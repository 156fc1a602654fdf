import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { AddressList } from '../actor/address-list.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import { SparseObject, sparseObject, type SparseShape } from '../rules/sparse-object.js';
import { issuesOf } from '../rules/value-schemas.js';
import { parseAddressRanges } from './agents/address-ranges.js';
import { AGENT_TABLE, BOT_CATEGORIES, type BotCategory } from './agents/agent-table.js';
import type { BotOptions } from './bot-options.js';
import { type BotSignal, type BuiltInSignal, SIGNAL_TIERS, type SignalTier } from './bot-signal.js';
import { mergeBotOptions } from './merge-options.js';
import { ownSignals } from './own-signals.js';
import { PRESETS, PRESET_NAMES } from './presets.js';
import { SIGNALS } from './registry.js';
import type { SignalDefinition } from './signal.js';
import { amount } from './signals/thresholds.js';

/** Options with everything filled in, ready for a `BotDetector`. */
export interface BotSettings {
  readonly mode: 'enforce' | 'observe';
  readonly debug: boolean;
  readonly thresholds: { readonly challenge: number; readonly block: number };
  readonly allowBots: ReadonlySet<BotCategory>;
  /** Enabled built-in signals with the thresholds that each of them takes. */
  readonly signals: readonly ConfiguredSignal[];
  readonly ownSignals: readonly BotSignal[];
  /** Further paths that only scanners ask this site for. */
  readonly ownPaths: readonly string[];
  /** Whether crawlers are verified by forward-confirmed reverse DNS. */
  readonly verifyByDns: boolean;
  /** Published address ranges, by operator. */
  readonly ranges: ReadonlyMap<string, AddressList>;
}

/** A built-in signal as it is set. */
export interface ConfiguredSignal {
  readonly definition: BuiltInSignal;
  readonly weight: number;
  readonly thresholds: object;
}

type Settings = Readonly<Record<string, unknown>>;

const OPTIONS_SCHEMA = new SparseObject({
  preset: () => z.enum(PRESET_NAMES, { error: () => `must be one of ${PRESET_NAMES.join(', ')}` }),
  ...Object.fromEntries(SIGNAL_TIERS.map((tier) => [tier, () => tierSchema(tier)])),
  thresholds: () =>
    z
      .strictObject({ challenge: amount(0, 100)(), block: amount(0, 100)() }, 'must be an object')
      .refine(({ challenge = 30, block = 50 }) => challenge <= block, 'challenge must not be above block'),
  allowBots: () =>
    z.array(
      z.enum(BOT_CATEGORIES, { error: () => `must be one of ${BOT_CATEGORIES.join(', ')}` }),
      'must be a list of categories',
    ),
  verify: () =>
    z.strictObject(
      {
        dns: z.boolean('must be true or false').optional(),
        ranges: z
          .record(z.string(), z.string('must be the path of a file'), 'must map operators to files')
          .optional(),
      },
      'must be an object',
    ),
  mode: () => z.enum(['enforce', 'observe'], { error: () => "must be 'enforce' or 'observe'" }),
  debug: () => z.boolean('must be true or false'),
  signals: () => z.array(z.unknown(), 'must be a list of signals'),
});

function tierSchema(tier: SignalTier): z.ZodType {
  const entries = SIGNALS.filter((signal) => signal.tier === tier).map(({ name, schema }) => {
    const enabled = () => z.boolean('must be true or false');
    return [name, () => sparseObject({ enabled, weight: amount(0, 10), ...schema })] as const;
  });
  return sparseObject(Object.fromEntries(entries));
}

/** What `resolveBots` finds. */
export interface ResolvedBots {
  /** The defaults where there are problems. */
  readonly settings: BotSettings;
  /** Everything that is wrong; paths begin at the options given. */
  readonly problems: readonly ConfigurationProblem[];
  /** One line for each enabled advanced signal, about its risk. */
  readonly warnings: readonly string[];
}

/**
 * Validates the options of bot protection and fills in preset and defaults.
 *
 * @param options of a class or method they are merged over `inherited`, the application's.
 * @param readFile reads the files of address ranges, at start-up alone.
 */
export function resolveBots(
  options: BotOptions,
  inherited: BotOptions = {},
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): ResolvedBots {
  const parsed = OPTIONS_SCHEMA.safeParse(options);
  const problems = parsed.success
    ? []
    : issuesOf(parsed.error).map(({ key, message }) => ({ path: key || 'bots', message }));
  const own = ownSignals(parsed.success ? mergeBotOptions(inherited, options).signals : options?.signals);
  problems.push(...own.problems);
  const usable = parsed.success ? mergeBotOptions(inherited, options) : {};
  const ranges = readRanges(usable.verify?.ranges ?? {}, readFile);
  problems.push(...ranges.problems);
  const settings = settingsOf(usable, own.signals, ranges.lists);
  const warnings = settings.signals
    .filter(({ definition }) => definition.tier === 'advanced')
    .map(({ definition: { name, risk } }) => `Bot signal ${name} is on: ${risk}.`);
  return { settings, problems, warnings };
}

function settingsOf(
  given: BotOptions,
  own: readonly BotSignal[],
  ranges: ReadonlyMap<string, AddressList>,
): BotSettings {
  const options = given.preset === undefined ? given : mergeBotOptions(PRESETS[given.preset], given);
  const signals = SIGNALS.flatMap((definition) => configured(definition, options));
  const { challenge = 30, block = 50 } = options.thresholds ?? {};
  return {
    mode: options.mode ?? 'enforce',
    debug: options.debug ?? false,
    thresholds: { challenge, block },
    allowBots: new Set(options.allowBots ?? ['search-engine']),
    signals,
    ownSignals: own,
    ownPaths: options.simple?.pathAnalysis?.paths ?? [],
    verifyByDns: options.verify?.dns ?? true,
    ranges,
  };
}

/** The signal with its thresholds in the units it takes; nothing where it is off. */
function configured(definition: SignalDefinition, options: BotOptions): ConfiguredSignal[] {
  const { name, tier } = definition;
  const group = options[tier] as Readonly<Record<string, Settings | undefined>> | undefined;
  const { enabled = tier === 'simple', weight = definition.weight, ...given } = group?.[name] ?? {};
  if (enabled !== true) return [];
  return [{ definition, weight: Number(weight), thresholds: thresholdsOf(definition, given) }];
}

/** Merged and preset options are in the forms that people write: durations become milliseconds here. */
function thresholdsOf({ schema, defaults }: SignalDefinition, given: Settings): object {
  const named = Object.entries(schema as SparseShape).filter(([name]) => given[name] !== undefined);
  if (named.length === 0) return { ...defaults };
  const built = Object.fromEntries(named.map(([name, build]) => [name, build()]));
  return { ...defaults, ...z.object(built).parse(given) };
}

function readRanges(
  files: Readonly<Record<string, string>>,
  readFile: (path: string) => string,
): { readonly lists: ReadonlyMap<string, AddressList>; readonly problems: readonly ConfigurationProblem[] } {
  const lists = new Map<string, AddressList>();
  const problems: ConfigurationProblem[] = [];
  const operators = new Set(AGENT_TABLE.map(({ operator }) => operator));
  for (const [operator, file] of Object.entries(files)) {
    const path = `verify.ranges.${operator}`;
    if (!operators.has(operator)) {
      problems.push({ path, message: `is not a known operator; one of ${[...operators].join(', ')}` });
      continue;
    }
    const list = rangesIn(file, readFile);
    if (typeof list === 'string') problems.push({ path, message: `${JSON.stringify(file)} ${list}` });
    else lists.set(operator, list);
  }
  return { lists, problems };
}

function rangesIn(file: string, readFile: (path: string) => string): AddressList | string {
  try {
    return parseAddressRanges(readFile(file));
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
