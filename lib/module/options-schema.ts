import { z } from 'zod';
import { parseAddressList, parseTrustedProxies } from '../actor/address-list.js';
import type { Clock } from '../clock/clock.js';
import { DASHBOARD_SCHEMA } from '../dashboard/dashboard-schema.js';
import type { EventSink } from '../events/event-sink.js';
import { METRICS_SCHEMA } from '../metrics/metrics-schema.js';
import type { ChallengeHandler, ErrorResponses } from '../request/denial.js';
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

const levelSchema = z.union([z.enum(LEVELS), z.literal(false)], {
  error: () => `must be one of ${LEVELS.join(', ')}, or false`,
});

function objectWith<T>(what: string, ...methods: readonly string[]): z.ZodType<T> {
  return z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof Reflect.get(value, name) === 'function'),
    `must be ${what} (an object with ${methods.join(', ')})`,
  );
}

const trustedProxiesSchema = z
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

const actorListSchema = z
  .array(z.string().min(1, 'must not be empty'), {
    error: () => 'must be a list of addresses, CIDR ranges and actors',
  })
  .superRefine((entries, context) => {
    for (const { index, value, problem } of parseAddressList(entries).problems) {
      if (ADDRESS_LIKE.test(value))
        context.addIssue({ code: 'custom', path: [index], message: `${JSON.stringify(value)} ${problem}` });
    }
  });

const excludeSchema = z.array(
  z.string().regex(/^\/[^*?#]*\*?$/, "must be a path such as '/health' or '/internal/*'"),
  {
    error: () => 'must be a list of paths',
  },
);

const FACTOR_FORMS = 'must be a number from 1 to 1000';

const escalationTermsSchema = z.strictObject(
  {
    factor: z.number(FACTOR_FORMS).min(1, FACTOR_FORMS).max(1000, FACTOR_FORMS).optional(),
    max: durationSchema(1).optional(),
    memory: durationSchema(1).optional(),
  },
  'must be false or an object',
);

/** Not a union, which would hide what is wrong inside the object. */
const escalationSchema = z.unknown().transform((value, context) => {
  if (value === false) return false;
  const parsed = escalationTermsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { key, message } of issuesOf(parsed.error))
    context.addIssue({ code: 'custom', path: key ? [key] : [], message });
  return z.NEVER;
});

const errorResponsesSchema = z.custom<ErrorResponses>(
  (value) => {
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(([status, body]) => {
        return (
          STATUSES.includes(status) && ['string', 'object', 'function'].includes(typeof body) && body !== null
        );
      })
    );
  },
  `must map ${STATUSES.join(', ')} to a text, an object or a function`,
);

/** What the options must be, but for those that others check. */
export const OPTIONS_SCHEMA = z.strictObject(
  {
    // What each rule must be is the rule book's to say.
    rules: z.array(z.unknown(), 'must be a list of rules').optional(),
    // And this the risk engine's.
    anomaly: z.unknown().optional(),
    bots: z.unknown().optional(),
    configFile: z.string('must be the path of a file').min(1, 'must be the path of a file').optional(),
    watch: z.boolean('must be true or false').optional(),
    storage: objectWith<BehaviorStorage>(
      'a BehaviorStorage',
      'record',
      'ban',
      'unban',
      'findBan',
      'bans',
      'reset',
    ).optional(),
    onStorageError: z
      .enum(['memory', 'allow', 'deny'], { error: () => "must be 'memory', 'allow' or 'deny'" })
      .optional(),
    passive: z.boolean('must be true or false').optional(),
    global: z.boolean('must be true or false').optional(),
    trustedProxies: trustedProxiesSchema.optional(),
    ipv6Prefix: countSchema(1, 128).optional(),
    allow: actorListSchema.optional(),
    deny: actorListSchema.optional(),
    exclude: excludeSchema.optional(),
    banDuration: banDurationSchema().optional(),
    escalation: escalationSchema.optional(),
    errorResponses: errorResponsesSchema.optional(),
    headers: z
      .union([z.enum(['draft', 'legacy']), z.literal(false)], {
        error: () => "must be 'draft', 'legacy' or false",
      })
      .optional(),
    challenge: functionSchema<ChallengeHandler>('a function').optional(),
    maxHeldRequests: countSchema(0, 100_000).optional(),
    maxHeldRequestsPerActor: countSchema(1, 100_000).optional(),
    maxDelay: durationSchema(1).optional(),
    maxInspectBytes: countSchema(1).optional(),
    logSuspiciousLevel: levelSchema.optional(),
    logRequestLevel: levelSchema.optional(),
    sinks: z
      .array(objectWith<EventSink>('an EventSink', 'send'), { error: () => 'must be a list of sinks' })
      .optional(),
    sinkQueueSize: countSchema(1, 10_000_000).optional(),
    metrics: METRICS_SCHEMA.optional(),
    dashboard: DASHBOARD_SCHEMA.optional(),
    shutdownTimeout: durationSchema(0).optional(),
    clock: objectWith<Clock>('a Clock', 'now', 'schedule').optional(),
  },
  'must be an object',
);
