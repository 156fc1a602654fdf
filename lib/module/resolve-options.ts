import { SystemClock } from '../clock/clock.js';
import type { Clock } from '../clock/clock.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { EventSink } from '../events/event-sink.js';
import type { DashboardSettings } from '../dashboard/dashboard-options.js';
import type { MetricsSettings } from '../metrics/metrics-options.js';
import type { ChallengeHandler, ErrorResponses } from '../request/denial.js';
import type { QuotaHeaderStyle } from '../request/quota-headers.js';
import type { ConfiguredRule } from '../rules/configured-rules.js';
import type { SparseOutput } from '../rules/sparse-object.js';
import { issuesOf } from '../rules/value-schemas.js';
import type { BehaviorStorage } from '../storage/storage.js';
import { resolveAnomaly } from '../tracker/anomaly-options.js';
import type { AnomalySettings } from '../tracker/anomaly-options.js';
import { resolveBotProtection, type BotProtectionSettings } from '../tracker/bot-protection.js';
import type { TrackerSettings } from '../tracker/settings.js';
import type { GuardModuleOptions } from './options.js';
import { OPTIONS_SCHEMA, type OPTIONS_SHAPE } from './options-schema.js';

const DAY_MS = 86_400_000;

type Given = SparseOutput<typeof OPTIONS_SHAPE>;

/** The module's options with defaults filled in and durations in milliseconds. */
export interface ResolvedOptions extends TrackerSettings {
  readonly rules: readonly ConfiguredRule[];
  readonly anomaly: AnomalySettings;
  readonly bots: BotProtectionSettings;
  /** Absent: a `MemoryStorage`. */
  readonly storage: BehaviorStorage | undefined;
  readonly clock: Clock;
  readonly global: boolean;
  readonly trustedProxies: readonly string[] | number | undefined;
  readonly ipv6Prefix: number;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly exclude: readonly string[];
  readonly errorResponses: ErrorResponses;
  readonly headers: QuotaHeaderStyle;
  readonly challenge: ChallengeHandler | undefined;
  readonly sinks: readonly EventSink[];
  readonly sinkQueueSize: number;
  /** Absent: none are kept. */
  readonly metrics: MetricsSettings | undefined;
  /** Absent: there is none. */
  readonly dashboard: DashboardSettings | undefined;
}

/**
 * Validates the module's options.
 *
 * @returns the options with defaults filled in, and every problem; where there are problems, the defaults alone with the
 * rules as given, so that these can still be checked and all problems be listed at once.
 */
export function resolveOptions(options: GuardModuleOptions): {
  options: ResolvedOptions;
  problems: ConfigurationProblem[];
} {
  const parsed = OPTIONS_SCHEMA.safeParse(options);
  const problems = parsed.success
    ? []
    : issuesOf(parsed.error).map(({ key, message }) => ({ path: key || 'options', message }));
  const resolved = withDefaults(parsed.success ? parsed.data : {});
  if (options?.watch && options.configFile === undefined)
    problems.push({ path: 'watch', message: 'needs configFile' });
  const anomaly = resolveAnomaly(options?.anomaly, resolved.defaults);
  problems.push(...anomaly.problems.map(({ path, message }) => ({ path: within('anomaly', path), message })));
  const rules = Array.isArray(options?.rules) ? options.rules : [];
  const bots = resolveBotProtection(options?.bots);
  problems.push(...bots.problems.map(({ path, message }) => ({ path: within('bots', path), message })));
  return { options: { ...resolved, rules, anomaly: anomaly.settings, bots: bots.settings }, problems };
}

function within(option: string, path: string): string {
  return path && path !== option ? `${option}.${path}` : option;
}

function withDefaults(given: Given): Omit<ResolvedOptions, 'rules' | 'anomaly' | 'bots'> {
  const maxHeldRequests = given.maxHeldRequests ?? 100;
  return {
    storage: given.storage,
    clock: given.clock ?? new SystemClock(),
    global: given.global ?? true,
    trustedProxies: given.trustedProxies,
    ipv6Prefix: given.ipv6Prefix ?? 64,
    allow: given.allow ?? [],
    deny: given.deny ?? [],
    exclude: given.exclude ?? [],
    errorResponses: given.errorResponses ?? {},
    headers: given.headers ?? 'draft',
    challenge: given.challenge,
    sinks: given.sinks ?? [],
    sinkQueueSize: given.sinkQueueSize ?? 10_000,
    metrics: given.metrics?.prometheus || given.metrics?.openTelemetry ? given.metrics : undefined,
    dashboard: given.dashboard,
    defaults: {
      banDurationMs: given.banDuration ?? 3_600_000,
      passive: given.passive ?? false,
      maxDelayMs: given.maxDelay ?? 30_000,
    },
    escalation: escalationOf(given.escalation),
    onStorageError: given.onStorageError ?? 'memory',
    logSuspiciousLevel: given.logSuspiciousLevel ?? 'warn',
    logRequestLevel: given.logRequestLevel ?? false,
    maxHeldRequests,
    maxHeldRequestsPerActor: given.maxHeldRequestsPerActor ?? Math.max(1, Math.floor(maxHeldRequests / 10)),
    maxInspectBytes: given.maxInspectBytes ?? 65_536,
    shutdownTimeoutMs: given.shutdownTimeout ?? 5000,
  };
}

function escalationOf(given: Given['escalation']): TrackerSettings['escalation'] {
  if (given === false) return { factor: 1, maxMs: 7 * DAY_MS, memoryMs: 7 * DAY_MS };
  return {
    factor: given?.factor ?? 2,
    maxMs: given?.max ?? 7 * DAY_MS,
    memoryMs: given?.memory ?? 7 * DAY_MS,
  };
}
