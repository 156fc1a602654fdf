import { z } from 'zod';
import type { ConfigurationProblem } from '../errors/errors.js';
import { resolveRisk } from '../risk/risk-options.js';
import type { RiskOptions } from '../risk/risk-options.js';
import type { BanDuration } from '../rules/behavior-rule.js';
import { SparseObject } from '../rules/sparse-object.js';
import { banDurationSchema, countSchema, issuesOf } from '../rules/value-schemas.js';

/** The module's option `anomaly`: what is normal, and what happens to who does otherwise. */
export interface AnomalyOptions extends RiskOptions {
  /** What `block` means: refuse this request with 429, or ban the client. Default `throttle`. */
  block?: 'throttle' | 'ban';
  /** Length of such a ban; default: the module's `banDuration`. */
  banDuration?: BanDuration;
  /** Name of a response header that tells a client it is warned; default `false`: none. */
  warningHeader?: string | false;
  /** Judge and report, act on nothing; default: the module's `passive`. */
  passive?: boolean;
  /** Clients remembered at most: an integer from 1 to 10,000,000; default 100,000. At most 4 KB each, usually some hundred bytes. */
  maxActors?: number;
}

/** What happens to whom the risk engine finds to behave abnormally. */
export interface AnomalySettings {
  /** Whether all routes are watched, and not only those that say so. */
  readonly everywhere: boolean;
  /** What was given, for routes that say otherwise. */
  readonly risk: RiskOptions;
  readonly block: 'throttle' | 'ban';
  /** Milliseconds; `Infinity` is permanent. */
  readonly banDurationMs: number;
  readonly warningHeader: string | false;
  readonly passive: boolean;
  readonly maxActors: number;
  /** Milliseconds that a request is held at most. */
  readonly maxDelayMs: number;
}

const OWN = ['block', 'banDuration', 'warningHeader', 'passive', 'maxActors'] as const;
const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,100}$/;

const OWN_SCHEMA = new SparseObject({
  block: () => z.enum(['throttle', 'ban'], { error: () => "must be 'throttle' or 'ban'" }),
  banDuration: banDurationSchema,
  warningHeader: () =>
    z.union([z.string().regex(TOKEN), z.literal(false)], {
      error: () => "must be the name of a header, such as 'X-Behavior-Warning', or false",
    }),
  passive: () => z.boolean('must be true or false'),
  maxActors: () => countSchema(1, 10_000_000),
});

/** Validates the option. @returns what holds, and every problem; where there are problems, the defaults. */
export function resolveAnomaly(
  options: unknown,
  defaults: { readonly banDurationMs: number; readonly passive: boolean; readonly maxDelayMs: number },
): { settings: AnomalySettings; problems: ConfigurationProblem[] } {
  const given = (typeof options === 'object' && options !== null ? options : {}) as AnomalyOptions;
  const own = Object.fromEntries(OWN.filter((name) => name in given).map((name) => [name, given[name]]));
  const parsed = OWN_SCHEMA.safeParse(own);
  const risk = isPlain(options) ? without(given) : options;
  const { policy, problems } = resolveRisk(risk ?? {});
  if (given.delay !== undefined && policy.defaults.delayMs > defaults.maxDelayMs)
    problems.push({ path: 'delay', message: `must be at most maxDelay (${defaults.maxDelayMs / 1_000} s)` });
  if (!parsed.success)
    problems.push(...issuesOf(parsed.error).map(({ key, message }) => ({ path: key, message })));
  const found = parsed.success ? parsed.data : {};
  const settings: AnomalySettings = {
    everywhere: options !== undefined,
    risk: problems.length > 0 ? {} : ((risk as RiskOptions | undefined) ?? {}),
    block: found.block ?? 'throttle',
    banDurationMs: found.banDuration ?? defaults.banDurationMs,
    warningHeader: found.warningHeader ?? false,
    passive: found.passive ?? defaults.passive,
    maxActors: found.maxActors ?? 100_000,
    maxDelayMs: defaults.maxDelayMs,
  };
  return { settings, problems };
}

function isPlain(options: unknown): boolean {
  return typeof options === 'object' && options !== null && !Array.isArray(options);
}

function without(given: AnomalyOptions): RiskOptions {
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => !(OWN as readonly string[]).includes(name)),
  );
}
