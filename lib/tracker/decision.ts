import type { EventRule } from '../events/behavior-event.js';
import type { RuleAction } from '../rules/behavior-rule.js';

/** Why a request is refused; `anomaly`: its client behaves as is not normal, by the risk engine; `bot`: it looks automated. */
export type DenialKind =
  'throttle' | 'challenge' | 'ban' | 'anomaly' | 'bot' | 'denied_actor' | 'storage_unavailable';

/** A refusal, with what an error body may want to say. */
export interface Decision {
  readonly kind: DenialKind;
  /** 429 for throttle, challenge and anomaly, 403 for bans, bots and the deny list, 503 if `onStorageError` is `deny`. */
  readonly status: 403 | 429 | 503;
  /** Why, for operators: names the rule. The default body does not send it. */
  readonly reason: string;
  readonly actor: string;
  /** `Class.method`, or `*` before routing. */
  readonly endpoint: string;
  /** The rule that decided; absent for a ban that was in force before, and where no rule decided. */
  readonly rule?: EventRule;
  /** Whole seconds (>= 1) until trying again makes sense; absent for permanent bans. */
  readonly retryAfterSeconds?: number;
  /** Milliseconds since the epoch; `Infinity` is permanent. */
  readonly bannedUntil?: number;
}

const STRICTNESS: Readonly<Record<RuleAction, number>> = {
  custom: 0,
  log: 1,
  alert: 2,
  delay: 3,
  throttle: 4,
  challenge: 5,
  ban: 6,
};

/** How strict an action is: `custom` (denies nothing by itself) < log < alert < delay < throttle < challenge < ban. */
export function strictness(action: RuleAction): number {
  return STRICTNESS[action];
}

/** `Retry-After` of a wait: whole seconds, rounded up, at least 1. */
export function retryAfterSeconds(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000));
}

/** Whether a refusal is stricter than another, or than none: of equals the first stays. */
export function isStricter(decision: Decision, than: Decision | undefined): boolean {
  return !than || GRAVITY[decision.kind] > GRAVITY[than.kind];
}

/** What can't be helped, and what was so before, decides before all else. */
const GRAVITY: Readonly<Record<DenialKind, number>> = {
  throttle: 1,
  anomaly: 1,
  challenge: 2,
  bot: 3,
  ban: 4,
  denied_actor: 5,
  storage_unavailable: 5,
};
