import { z } from 'zod';
import { parseAddressList, parseTrustedProxies } from '../actor/address-list.js';
import type { Clock } from '../clock/clock.js';
import { dashboardSchema } from '../dashboard/dashboard-schema.js';
import type { EventSink } from '../events/event-sink.js';
import { metricsSchema } from '../metrics/metrics-schema.js';
import type { ChallengeHandler, ErrorResponses } from '../request/denial.js';
import { SparseObject } from '../rules/sparse-object.js';
import {
  banDurationSchema,
  countSchema,
  durationSchema,
  functionSchema,
  issuesOf,
} from '../rules/value-schemas.js';
import type { BehaviorStorage } from '../storage/storage.js';

const LEVELS = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const;
/** RFC 9110 allows more, but the guard refuses with these only. */
const STATUSES = ['403', '429', '503'];

const levelSchema = () =>
  z.union([z.enum(LEVELS), z.literal(false)], {
    error: () => `must be one of ${LEVELS.join(', ')}, or false`,
  });

const flagSchema = () => z.boolean('must be true or false');

function objectWith<T>(what: string, ...methods: readonly string[]): z.ZodType<T> {
  return z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof Reflect.get(value, name) === 'function'),
    `must be ${what} (an object with ${methods.join(', ')})`,
  );
}

const trustedProxiesSchema = () =>
  z
    .union([countSchema(0, 32), z.array(z.string())], {
      error: () => 'must be a list of addresses and CIDR ranges, or a number of proxies from 0 to 32',
    })
    .superRefine((value, context) => {
      if (typeof value === 'number') return;
      for (const { index, value: entry, problem } of parseTrustedProxies(value).problems) {
        context.addIssue({ code: 'custom', path: [index], message: `${JSON.stringify(entry)} ${problem}` });
      }
    });

/** Looks like an address, so a mistake in it must not turn it into the name of an actor. */
const ADDRESS_LIKE = /^(?=.*[.:])[\da-f.:]+(\/\d*)?$/i;

const actorListSchema = () =>
  z
    .array(z.string().min(1, 'must not be empty'), {
      error: () => 'must be a list of addresses, CIDR ranges and actors',
    })
    .superRefine((entries, context) => {
      for (const { index, value, problem } of parseAddressList(entries).problems) {
        if (ADDRESS_LIKE.test(value))
          context.addIssue({ code: 'custom', path: [index], message: `${JSON.stringify(value)} ${problem}` });
      }
    });

const excludeSchema = () =>
  z.array(z.string().regex(/^\/[^*?#]*\*?$/, "must be a path such as '/health' or '/internal/*'"), {
    error: () => 'must be a list of paths',
  });

const FACTOR_FORMS = 'must be a number from 1 to 1000';

const ESCALATION_TERMS = new SparseObject(
  {
    factor: () => z.number(FACTOR_FORMS).min(1, FACTOR_FORMS).max(1000, FACTOR_FORMS),
    max: () => durationSchema(1),
    memory: () => durationSchema(1),
  },
  { message: 'must be false or an object' },
);

/** Not a union, which would hide what is wrong inside the object. */
const escalationSchema = () =>
  z.unknown().transform((value, context) => {
    if (value === false) return false;
    const parsed = ESCALATION_TERMS.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const { key, message } of issuesOf(parsed.error))
      context.addIssue({ code: 'custom', path: key ? [key] : [], message });
    return z.NEVER;
  });

const errorResponsesSchema = () =>
  z.custom<ErrorResponses>(
    (value) => {
      return (
        typeof value === 'object' &&
        value !== null &&
        Object.entries(value).every(([status, body]) => {
          return (
            STATUSES.includes(status) &&
            ['string', 'object', 'function'].includes(typeof body) &&
            body !== null
          );
        })
      );
    },
    `must map ${STATUSES.join(', ')} to a text, an object or a function`,
  );

/** What the options must be, but for those that others check. */
export const OPTIONS_SHAPE = {
  // What each rule must be is the rule book's to say.
  rules: () => z.array(z.unknown(), 'must be a list of rules'),
  // And this the risk engine's.
  anomaly: () => z.unknown(),
  bots: () => z.unknown(),
  configFile: () => z.string('must be the path of a file').min(1, 'must be the path of a file'),
  watch: flagSchema,
  storage: () =>
    objectWith<BehaviorStorage>('a BehaviorStorage', 'record', 'ban', 'unban', 'findBan', 'bans', 'reset'),
  onStorageError: () =>
    z.enum(['memory', 'allow', 'deny'], { error: () => "must be 'memory', 'allow' or 'deny'" }),
  passive: flagSchema,
  global: flagSchema,
  trustedProxies: trustedProxiesSchema,
  ipv6Prefix: () => countSchema(1, 128),
  allow: actorListSchema,
  deny: actorListSchema,
  exclude: excludeSchema,
  banDuration: banDurationSchema,
  escalation: escalationSchema,
  errorResponses: errorResponsesSchema,
  headers: () =>
    z.union([z.enum(['draft', 'legacy']), z.literal(false)], {
      error: () => "must be 'draft', 'legacy' or false",
    }),
  challenge: () => functionSchema<ChallengeHandler>('a function'),
  maxHeldRequests: () => countSchema(0, 100_000),
  maxHeldRequestsPerActor: () => countSchema(1, 100_000),
  maxDelay: () => durationSchema(1),
  maxInspectBytes: () => countSchema(1),
  logSuspiciousLevel: levelSchema,
  logRequestLevel: levelSchema,
  sinks: () =>
    z.array(objectWith<EventSink>('an EventSink', 'send'), { error: () => 'must be a list of sinks' }),
  sinkQueueSize: () => countSchema(1, 10_000_000),
  metrics: metricsSchema,
  dashboard: dashboardSchema,
  shutdownTimeout: () => durationSchema(0),
  clock: () => objectWith<Clock>('a Clock', 'now', 'schedule'),
};

export const OPTIONS_SCHEMA = new SparseObject(OPTIONS_SHAPE);
