import { Logger } from '@nestjs/common';
import type { LogLevel } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock/clock.js';
import type { BehaviorEvent, RequestFacts } from '../events/behavior-event.js';
import type { EventBus } from '../events/event-bus.js';
import { logText } from '../events/log-text.js';
import type { Ban } from '../storage/storage.js';
import type { Decision } from './decision.js';
import type { StorageErrorPolicy, TrackerSettings } from './settings.js';

/** The request behind an event, as far as there is one. */
export interface EventSubject {
  readonly request?: IncomingMessage;
  readonly address?: string;
  readonly endpoint: string;
  readonly status?: number;
  /** No route matched: the path says what was asked for. */
  readonly unmatched?: boolean;
}

const LONGEST_FACT = 256;
const ACTION_OF: Readonly<Record<Decision['kind'], BehaviorEvent['action']>> = {
  throttle: 'throttle',
  challenge: 'challenge',
  ban: 'ban',
  anomaly: 'throttle',
  bot: 'block',
  denied_actor: 'none',
  storage_unavailable: 'none',
};
const FAILURE_SILENCE_MS = 60_000;
const MOST_FAILURES = 1000;

/** Writes log lines and emits events, and never lets either disturb a request. */
export class Reporter {
  private readonly logger = new Logger('BehaviorGuard');
  /** When each kind of failure was last logged. */
  private readonly failures = new Map<string, number>();

  constructor(
    private readonly bus: EventBus,
    private readonly clock: Clock,
    private readonly settings: Pick<TrackerSettings, 'logSuspiciousLevel' | 'logRequestLevel'>,
  ) {}

  /** Emits an event as it is. */
  emit(event: BehaviorEvent): void {
    this.bus.emit(event);
  }

  /** A violation to be reported: event, and a line at `logSuspiciousLevel` (alerts at `error`). */
  violation(event: BehaviorEvent): void {
    const { logSuspiciousLevel } = this.settings;
    if (logSuspiciousLevel !== false) {
      const level = event.action === 'alert' ? 'error' : logSuspiciousLevel;
      this.write(
        level,
        `${event.passive ? '[passive] ' : ''}${event.reason} (${logText(event.actor)}, ${event.action})`,
      );
    }
    this.bus.emit(event);
  }

  /** A refused request. Costs nothing where nobody listens. */
  denied(decision: Decision, subject: EventSubject): void {
    if (!this.bus.wants('denied')) return;
    const { actor, endpoint, reason, rule, bannedUntil } = decision;
    this.bus.emit({
      type: 'denied',
      time: this.clock.now(),
      actor,
      endpoint,
      ...(rule ? { rule } : {}),
      action: ACTION_OF[decision.kind],
      passive: false,
      reason,
      ...(bannedUntil === undefined ? {} : { bannedUntil: endOf(bannedUntil) }),
      ...this.requestOf(subject),
    });
  }

  /** A ban that began. */
  banned(ban: Ban, endpoint: string): void {
    const until = ban.until === Infinity ? 'for good' : `until ${new Date(ban.until).toISOString()}`;
    if (this.settings.logSuspiciousLevel !== false) {
      this.write(
        this.settings.logSuspiciousLevel,
        `${logText(ban.actor)} is banned ${until}: ${logText(ban.reason)}`,
      );
    }
    this.banEvent('ban', ban, endpoint, ban.reason);
  }

  /** A ban that ran out or was lifted. */
  banEnded(ban: Ban, how: 'expired' | 'lifted'): void {
    this.debug(() => `the ban of ${logText(ban.actor)} ${how === 'expired' ? 'has run out' : 'was lifted'}`);
    this.banEvent(how === 'expired' ? 'ban_expired' : 'ban_lifted', ban, ban.route ?? '*', ban.reason);
  }

  /** Something of the application's failed: an event, and a line at `error`, the same one at most once a minute. */
  failed(what: string, error: unknown, actor: string, endpoint: string): void {
    const message = errorText(error);
    if (this.isNews(what))
      this.write('error', `${what} failed: ${message}`, error instanceof Error ? error.stack : undefined);
    const reason = `${what} failed: ${message}`;
    this.bus.emit({
      type: 'action_failed',
      time: this.clock.now(),
      actor,
      endpoint,
      action: 'none',
      passive: false,
      reason,
    });
  }

  /** The storage is not asked any more: an event, and a line at `error`. */
  storageDown(error: unknown, policy: StorageErrorPolicy): void {
    const reason = `the storage is down (policy until it serves again: ${policy}): ${errorText(error)}`;
    this.write('error', reason, error instanceof Error ? error.stack : undefined);
    this.storageEvent('storage_down', reason);
  }

  /** The storage is asked again, after `downMs` milliseconds: an event, and a line at `warn`. */
  storageUp(downMs: number, written: { readonly bans: number; readonly liftings: number }): void {
    const changes = `bans written back: ${written.bans}, liftings: ${written.liftings}`;
    const reason = `the storage serves again after ${(downMs / 1000).toFixed(1)} s; ${changes}`;
    this.write('warn', reason);
    this.storageEvent('storage_up', reason);
  }

  /** One line for each evaluated request, if so configured. */
  request(describe: () => string): void {
    if (this.settings.logRequestLevel !== false) this.write(this.settings.logRequestLevel, describe());
  }

  warn(message: string): void {
    this.write('warn', message);
  }

  /** A line at debug, made only if that level is on. */
  debug(describe: () => string): void {
    if (isDebugOn()) this.write('debug', describe());
  }

  /** Facts of the request for an event; nothing where there was none. */
  requestOf(subject: EventSubject): { request?: RequestFacts } {
    const { request } = subject;
    if (!request) return {};
    const userAgent = request.headers['user-agent'];
    return {
      request: {
        method: request.method ?? '',
        ...(subject.unmatched ? { path: pathOf(request) } : {}),
        address: subject.address ?? '',
        ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, LONGEST_FACT) }),
        ...(subject.status === undefined ? {} : { status: subject.status }),
      },
    };
  }

  /** A function that fails for every request must not flood the log. */
  private isNews(what: string): boolean {
    const now = this.clock.now();
    const last = this.failures.get(what);
    if (last !== undefined && now - last < FAILURE_SILENCE_MS) return false;
    if (this.failures.size >= MOST_FAILURES) this.failures.clear();
    this.failures.set(what, now);
    return true;
  }

  private banEvent(
    type: 'ban' | 'ban_expired' | 'ban_lifted',
    ban: Ban,
    endpoint: string,
    reason: string,
  ): void {
    const { actor } = ban;
    const time = this.clock.now();
    const action = type === 'ban' ? 'ban' : 'none';
    this.bus.emit({
      type,
      time,
      actor,
      endpoint,
      action,
      passive: false,
      reason,
      bannedUntil: endOf(ban.until),
    });
  }

  private storageEvent(type: 'storage_down' | 'storage_up', reason: string): void {
    const time = this.clock.now();
    this.bus.emit({ type, time, actor: '', endpoint: '*', action: 'none', passive: false, reason });
  }

  private write(level: LogLevel, message: string, stack?: string): void {
    if (level === 'error') this.logger.error(message, stack);
    else this.logger[level](message);
  }
}

/** The path as the client sent it, without its query, at most 256 characters. */
export function pathOf(request: IncomingMessage): string {
  const url = originalUrlOf(request);
  const query = url.indexOf('?');
  return (query === -1 ? url : url.slice(0, query)).slice(0, LONGEST_FACT);
}

/** The URL as the client sent it; Express shortens `url` inside mounted applications. */
export function originalUrlOf(request: IncomingMessage & { originalUrl?: string }): string {
  return request.originalUrl ?? request.url ?? '';
}

/** JSON has no infinity. */
function endOf(until: number): number | null {
  return until === Infinity ? null : until;
}

/** What was thrown, as one line of at most 1,000 characters, even if it was made so as to have no text. */
export function errorText(error: unknown): string {
  try {
    return logText(String(error instanceof Error ? error.message : error), 1000);
  } catch {
    return 'something that has no text was thrown';
  }
}

/** Before version 12 Nest says that no level is on, not even the highest, where none was chosen: all are then. */
function isDebugOn(): boolean {
  return Logger.isLevelEnabled('debug') || !Logger.isLevelEnabled('fatal');
}
