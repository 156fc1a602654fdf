import { z } from 'zod';
import type { Clock } from '../../clock/clock.js';
import { ConfigurationError } from '../../errors/errors.js';
import type { RedisConnectionOptions } from './client.js';

/** Options of `RedisStorage`: exactly one of `url`, `client`, `cluster` and `sentinels`, the rest optional. */
export interface RedisStorageOptions extends RedisConnectionOptions {
  /**
   * Begins every key; default `behavior-guard`. Applications with the same prefix on one Redis share counters and bans.
   * Letters, digits and `.:_-`, at most 64.
   */
  readonly prefix?: string;
  /** How long a command may take, in milliseconds, 1 to 60,000; default 100. */
  readonly commandTimeoutMs?: number;
  /** Actors whose bans each instance knows at most; default 100,000. Those beyond it are asked for in Redis. */
  readonly maxBans?: number;
  /**
   * `strict` (default): each request is counted in Redis before it is served. `relaxed`: an actor's requests are served without
   * asking as long as they stay within this instance's share of what is left; see `docs/storage.md` for how many too many
   * that may serve.
   */
  readonly consistency?: 'strict' | 'relaxed';
  /** Relaxed only, and needed there: how many instances share the limits at most, 1 to 1000. */
  readonly instances?: number;
  /** Relaxed only: how often what was served is added to Redis, in milliseconds, 1 to 10,000; default 1000. */
  readonly flushIntervalMs?: number;
  /** Time instead of the server's, sent along with each command: for tests. */
  readonly clock?: Clock;
}

/** Options with defaults filled in. */
export interface RedisStorageSettings {
  readonly connection: RedisConnectionOptions;
  readonly prefix: string;
  readonly commandTimeoutMs: number;
  readonly maxBans: number;
  readonly clock: Clock | undefined;
  /** Absent: strict. */
  readonly relaxed: { readonly instances: number; readonly flushIntervalMs: number } | undefined;
}

/** How long a connection may be silent while commands wait for an answer, in milliseconds. */
const LEAST_SILENCE_MS = 5_000;

const WAYS = ['url', 'client', 'cluster', 'sentinels'] as const;
const CLIENT_METHODS = ['defineCommand', 'call', 'duplicate', 'subscribe', 'on'];

const addressSchema = () =>
  z.strictObject({ host: z.string().min(1), port: integer(1, 65_535) }, 'must be { host, port }');

const schema = () =>
  z
    .strictObject({
      url: z.string('must be a URL such as redis://localhost:6379').min(1, 'must not be empty').optional(),
      client: withMethods('an ioredis client', CLIENT_METHODS).optional(),
      cluster: z
        .array(z.union([z.string().min(1), addressSchema()]))
        .min(1, 'must name a node')
        .optional(),
      sentinels: z.array(addressSchema()).min(1, 'must name a Sentinel').optional(),
      name: z.string().min(1, 'must not be empty').optional(),
      redisOptions: z.record(z.string(), z.unknown(), 'must be an object').optional(),
      prefix: z
        .string()
        .regex(/^[\w.:-]{1,64}$/, 'must be 1 to 64 letters, digits and .:_-')
        .optional(),
      commandTimeoutMs: integer(1, 60_000).optional(),
      maxBans: integer(1, 16_000_000).optional(),
      consistency: z.enum(['strict', 'relaxed'], "must be 'strict' or 'relaxed'").optional(),
      instances: integer(1, 1_000).optional(),
      flushIntervalMs: integer(1, 10_000).optional(),
      clock: withMethods('a Clock', ['now', 'schedule']).optional(),
    })
    .superRefine((options, context) => {
      const given = WAYS.filter((way) => options[way] !== undefined);
      if (given.length !== 1) {
        const found = given.length === 0 ? 'none' : given.join(' and ');
        context.addIssue({
          code: 'custom',
          message: `needs exactly one of ${WAYS.join(', ')}; got ${found}`,
        });
      }
      const relaxed = options.consistency === 'relaxed';
      if (relaxed && options.instances === undefined) {
        const message = "is needed with consistency 'relaxed': how many instances there are at most";
        context.addIssue({ code: 'custom', path: ['instances'], message });
      }
      for (const name of ['instances', 'flushIntervalMs'] as const) {
        if (relaxed || options[name] === undefined) continue;
        context.addIssue({
          code: 'custom',
          path: [name],
          message: "has no effect but with consistency 'relaxed'",
        });
      }
      if (options.name !== undefined && !options.sentinels) {
        context.addIssue({ code: 'custom', path: ['name'], message: 'has no effect but with sentinels' });
      }
      if (options.redisOptions !== undefined && options.client) {
        context.addIssue({
          code: 'custom',
          path: ['redisOptions'],
          message: 'has no effect on a client of your own',
        });
      }
    });

/** Checks the options. @throws ConfigurationError that lists every problem. */
export function settingsOf(options: RedisStorageOptions): RedisStorageSettings {
  const parsed = schema().safeParse(options);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      return { path: ['RedisStorage', ...path].join('.'), message };
    });
    throw new ConfigurationError(problems);
  }
  const {
    prefix = 'behavior-guard',
    commandTimeoutMs = 100,
    maxBans = 100_000,
    consistency,
    instances = 1,
    flushIntervalMs = 1_000,
    clock,
    ...connection
  } = options;
  const relaxed = consistency === 'relaxed' ? { instances, flushIntervalMs } : undefined;
  // A connection that has died without a word is given up, as the system would do only after minutes.
  const socketTimeout = Math.max(LEAST_SILENCE_MS, 2 * commandTimeoutMs);
  const redisOptions = { socketTimeout, ...connection.redisOptions };
  return { connection: { ...connection, redisOptions }, prefix, commandTimeoutMs, maxBans, clock, relaxed };
}

function integer(least: number, most: number): z.ZodType<number> {
  const message = `must be an integer from ${least} to ${most}`;
  return z.number(message).int(message).min(least, message).max(most, message);
}

function withMethods(what: string, methods: readonly string[]): z.ZodType<object> {
  return z.custom<object>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof Reflect.get(value, name) === 'function'),
    `must be ${what} (an object with ${methods.join(', ')})`,
  );
}
