import type { ActorPolicy } from '../actor/actor-policy.js';
import { BehaviorGuardError } from '../errors/errors.js';
import type { BanDuration } from '../rules/behavior-rule.js';
import { DURATION_FORMS, durationToMs } from '../rules/duration.js';
import type { Ban } from '../storage/storage.js';
import type { Reporter } from './reporter.js';
import type { StorageGateway } from './storage-gateway.js';

/** Options of `BehaviorTracker.ban`. */
export interface BanOptions {
  /** Default: the module's `banDuration`. */
  readonly duration?: BanDuration;
  /** Default `'by hand'`. */
  readonly reason?: string;
  /** Ban from this route (`Class.method`) alone. */
  readonly route?: string;
}

/** Bans that no rule of a request made. */
export class ManualBans {
  constructor(
    private readonly storage: StorageGateway,
    private readonly actors: ActorPolicy,
    private readonly reporter: Reporter,
  ) {}

  /** Bans, and tells of it. @throws BehaviorGuardError `BAN_REFUSED` for an allowed actor or a trusted proxy. */
  async ban(actor: string, durationMs: number, reason: string, route: { route?: string }): Promise<Ban> {
    if (this.actors.protects(actor)) {
      throw new BehaviorGuardError(
        'BAN_REFUSED',
        `${actor} can't be banned: it is allowed, or a trusted proxy`,
      );
    }
    const ban = await this.storage.ban({ actor, durationMs, reason, ...route });
    this.reporter.banned(ban, route.route ?? '*');
    return ban;
  }
}

/** A duration in milliseconds; `Infinity` is permanent. @throws BehaviorGuardError `ARGUMENT_INVALID` */
export function banDurationMs(duration: BanDuration): number {
  const ms = duration === 'permanent' ? Infinity : durationToMs(duration);
  if (ms !== undefined && ms >= 1) return ms;
  const accepted = `'permanent', ${DURATION_FORMS}`;
  throw new BehaviorGuardError('ARGUMENT_INVALID', `duration: must be ${accepted}; got ${String(duration)}`);
}
