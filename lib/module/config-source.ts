import type { Clock } from '../clock/clock.js';
import { mergeBotOptions } from '../bots/merge-options.js';
import { loadConfig, type GuardConfig } from '../config/config-file.js';
import { watchConfig, type ConfigWatcher } from '../config/watch-config.js';
import { ConfigurationError, type ConfigurationProblem } from '../errors/errors.js';
import type { RiskOptions } from '../risk/risk-options.js';
import type { AnomalyOptions } from '../tracker/anomaly-options.js';
import type { GuardModuleOptions } from './options.js';

/** The module's options with those of its configuration file, which is read once, or followed. */
export class ConfigSource {
  /** The options as of the start. Where the file can't be used they are as given. */
  readonly options: GuardModuleOptions;
  /** What is wrong with the file. */
  readonly problems: readonly ConfigurationProblem[];
  private watcher: ConfigWatcher | undefined;

  constructor(private readonly given: GuardModuleOptions) {
    const read = readOnce(given);
    this.problems = read.problems;
    this.options = read.config ? merged(given, read.config) : given;
  }

  /**
   * Follows the file, if the options say so.
   *
   * @param apply what to do with changed options; what it throws is told as the file's fault, and nothing has changed.
   */
  follow(
    clock: Clock,
    apply: (options: GuardModuleOptions) => void,
    onError: (error: unknown) => void,
  ): void {
    const { configFile, watch } = this.given;
    if (configFile === undefined || watch !== true) return;
    this.watcher = watchConfig(configFile, {
      clock,
      onChange: (config) => apply(merged(this.given, config)),
      onError,
    });
  }

  /** Ends it. */
  close(): void {
    this.watcher?.close();
  }
}

function readOnce(given: GuardModuleOptions | null | undefined): {
  readonly config?: GuardConfig;
  readonly problems: readonly ConfigurationProblem[];
} {
  const configFile: unknown = given?.configFile;
  if (typeof configFile !== 'string' || configFile === '') return { problems: [] };
  try {
    return { config: loadConfig(configFile), problems: [] };
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems };
    throw error;
  }
}

/** What the file names holds before what the code says, for it is what people change while the application runs. */
function merged(
  given: GuardModuleOptions,
  { hasRisk, riskOptions, rules, bots }: GuardConfig,
): GuardModuleOptions {
  return {
    ...given,
    rules: [...(given.rules ?? []), ...rules],
    ...(hasRisk ? { anomaly: mergedAnomaly(given.anomaly ?? {}, riskOptions) } : {}),
    ...(bots ? { bots: mergeBotOptions(given.bots ?? {}, bots) } : {}),
  };
}

/** Key by key, those of single actors and weights included. */
function mergedAnomaly(given: AnomalyOptions, file: RiskOptions): AnomalyOptions {
  const actors = { ...given.actors };
  for (const [name, settings] of Object.entries(file.actors ?? {}))
    actors[name] = { ...actors[name], ...settings };
  const weights = { ...given.weights, ...file.weights };
  return { ...given, ...file, actors, weights };
}
