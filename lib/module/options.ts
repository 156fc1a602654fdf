import type { LogLevel, ModuleMetadata, Type } from '@nestjs/common';
import type { BotOptions } from '../bots/bot-options.js';
import type { Clock } from '../clock/clock.js';
import type { DashboardOptions } from '../dashboard/dashboard-options.js';
import type { EventSink } from '../events/event-sink.js';
import type { MetricsOptions } from '../metrics/metrics-options.js';
import type { ChallengeHandler, ErrorResponses } from '../request/denial.js';
import type { QuotaHeaderStyle } from '../request/quota-headers.js';
import type { BanDuration, Duration } from '../rules/behavior-rule.js';
import type { ConfiguredRule } from '../rules/configured-rules.js';
import type { BehaviorStorage } from '../storage/storage.js';
import type { AnomalyOptions } from '../tracker/anomaly-options.js';
import type { StorageErrorPolicy } from '../tracker/settings.js';

/** How the bans of a repeat offender grow: `banDuration × factor^(offences − 1)`, at most `max`. */
export interface EscalationOptions {
  /** A number >= 1; default 2. */
  factor?: number;
  /** Longest grown ban; never shortens a `banDuration` that is longer. Default 7 days. */
  max?: Duration;
  /** How long an offence is remembered; default 7 days. */
  memory?: Duration;
}

/** Options of {@link GuardModule.forRoot}. All are optional; unknown ones are errors. */
export interface GuardModuleOptions {
  /** Rules beside those of decorators; replaceable by `tracker.updateRules()`. */
  rules?: readonly ConfiguredRule[];
  /**
   * What behaviour is normal: bursts, repetition, hopping, weight, regularity, switching. Given (`{}` will do), every request is
   * judged; absent, those of routes with `@AnomalyDetection`.
   */
  anomaly?: AnomalyOptions;
  /**
   * Which signals tell automated clients from people. Given (`{}` will do), every request is judged, those to unknown paths included;
   * absent, those of routes with `@BotProtection`.
   */
  bots?: BotOptions;
  /**
   * A TOML file with `[guard]`, `[[rules]]` and `[bots]`: see docs/configuration.md. Its rules come after `rules`; what its `[guard]` names
   * holds before `anomaly`.
   */
  configFile?: string;
  /** Applies changes of `configFile` while running; a bad edit is reported, and what held before stays. Default `false`. */
  watch?: boolean;
  /** Where counters and bans live; default `new MemoryStorage()`. The module closes it at shutdown. */
  storage?: BehaviorStorage;
  /** What happens while the storage fails; default `memory`. */
  onStorageError?: StorageErrorPolicy;
  /** Count and report everything, act on nothing. Default `false`. */
  passive?: boolean;
  /** `false` leaves guard and interceptor to `@UseGuards` / `@UseInterceptors`; bodies are judged wherever the guard ran. Default `true`. */
  global?: boolean;
  /** Whose `X-Forwarded-For` counts: addresses and CIDR ranges (and `unix`), or the number of proxies in front. */
  trustedProxies?: readonly string[] | number;
  /** Leading bits of an IPv6 address that make one client, 1 to 128; default 64. */
  ipv6Prefix?: number;
  /** Addresses, CIDR ranges and actors that are never counted, refused or banned. */
  allow?: readonly string[];
  /** Addresses, CIDR ranges and actors that are always refused (403). */
  deny?: readonly string[];
  /** Paths that the guard leaves alone, bans included: `/health`, `/internal/*`. */
  exclude?: readonly string[];
  /** Length of a first ban where a rule names none; default 3600 s. */
  banDuration?: BanDuration;
  /** How bans grow; `false`: never. */
  escalation?: EscalationOptions | false;
  /** Bodies of refusals by status; default `application/problem+json`. */
  errorResponses?: ErrorResponses;
  /** Which headers tell a client its quotas; default `draft`. */
  headers?: QuotaHeaderStyle;
  /** Answers clients that a rule with `action: 'challenge'` refuses; default 429. */
  challenge?: ChallengeHandler;
  /** Requests that `action: 'delay'` may hold at once, 0 to 100,000; default 100. */
  maxHeldRequests?: number;
  /** The same for one actor; default a tenth of `maxHeldRequests`, at least 1. */
  maxHeldRequestsPerActor?: number;
  /** Longest delay that a rule may ask for; default 30 s. */
  maxDelay?: Duration;
  /** Bytes of a response body that text and regex patterns look at; default 65,536. */
  maxInspectBytes?: number;
  /** Level of one line for each reported violation; `false`: none. Default `warn`. */
  logSuspiciousLevel?: LogLevel | false;
  /** Level of one line for each evaluated request; default `false`: none. */
  logRequestLevel?: LogLevel | false;
  /** Where events go beside the log. */
  sinks?: readonly EventSink[];
  /** Events that may wait for each sink; further ones are dropped and counted. Default 10,000. */
  sinkQueueSize?: number;
  /** Metrics through prom-client, OpenTelemetry or both; default none, at no cost. */
  metrics?: MetricsOptions;
  /** A page and an API for operators; default none, at no cost. */
  dashboard?: DashboardOptions;
  /** How long queued events may take at shutdown; default 5 s. */
  shutdownTimeout?: Duration;
  /** The source of time; default the system's. For tests: `ManualClock` of `nestjs-behavior-guard/testing`. */
  clock?: Clock;
}

/** Makes the options; for `useClass` and `useExisting`. */
export interface GuardOptionsFactory {
  createGuardOptions(): GuardModuleOptions | Promise<GuardModuleOptions>;
}

/** Options of {@link GuardModule.forRootAsync}: exactly one of `useFactory`, `useClass`, `useExisting`. */
export interface GuardModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: NonNullable<import('@nestjs/common').FactoryProvider['inject']>;
  useFactory?: (...dependencies: never[]) => GuardModuleOptions | Promise<GuardModuleOptions>;
  useClass?: Type<GuardOptionsFactory>;
  useExisting?: Type<GuardOptionsFactory> | string | symbol;
}
