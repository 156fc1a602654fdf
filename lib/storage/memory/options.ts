import type { Clock } from '../../clock/clock.js';
import { ConfigurationError, type ConfigurationProblem } from '../../errors/errors.js';

/** Settings of a `MemoryStorage`. */
export interface MemoryStorageOptions {
  /**
   * Entries held at most: an integer >= 1, by default 1,000,000. An actor takes one entry per scope (route, class,
   * group) that it is counted in. Beyond that, entries are evicted: expired ones first, then those seen once, then
   * the soonest to expire, actors that violated a rule last.
   */
  readonly maxActors?: number;
  /**
   * Actors with a ban or a remembered offence held at most: an integer >= 1, by default 100,000. Beyond that, one
   * whose bans have ended goes first, then the ban that ends soonest among a few; permanent ones last.
   */
  readonly maxBans?: number;
  /** Time, instead of the application's clock. */
  readonly clock?: Clock;
}

/** Settings with defaults filled in. */
export interface MemoryStorageSettings {
  readonly maxActors: number;
  readonly maxBans: number;
  readonly clock: Clock | undefined;
}

const DEFAULT_MAX_ACTORS = 1_000_000;
const DEFAULT_MAX_BANS = 100_000;
/** A Map can't hold more. */
const MAX_BANS = 2 ** 24 - 1;
/** More than memory blocks can be addressed for. */
const MAX_ACTORS = 2 ** 28;

/** Checks the options. @throws ConfigurationError that lists every problem. */
export function settingsOf(options: MemoryStorageOptions): MemoryStorageSettings {
  const problems: ConfigurationProblem[] = [];
  const maxActors = integer('maxActors', options.maxActors ?? DEFAULT_MAX_ACTORS, MAX_ACTORS, problems);
  const maxBans = integer('maxBans', options.maxBans ?? DEFAULT_MAX_BANS, MAX_BANS, problems);
  const clock: Partial<Clock> | undefined = options.clock;
  if (clock !== undefined && (typeof clock?.now !== 'function' || typeof clock.schedule !== 'function')) {
    problems.push({ path: 'clock', message: 'must have the methods now() and schedule(callback, delayMs)' });
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(KNOWN, name)) continue;
    problems.push({ path: name, message: `unknown option; accepted are ${Object.keys(KNOWN).join(', ')}` });
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { maxActors, maxBans, clock: options.clock };
}

const KNOWN: Record<keyof MemoryStorageOptions, true> = { maxActors: true, maxBans: true, clock: true };

function integer(path: string, value: number, max: number, problems: ConfigurationProblem[]): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    problems.push({ path, message: `must be an integer from 1 to ${max}, got ${String(value)}` });
  }
  return value;
}
