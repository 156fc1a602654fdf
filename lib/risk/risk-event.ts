import type { Clock } from '../clock/clock.js';
import type { PackedEvent } from '../history/actor-history.js';
import { UNIT_WEIGHT, actionCode, textHash, weightCode } from '../history/event-code.js';

/** Something that an actor did. */
export interface RiskEvent {
  /** Who: any string. */
  readonly actor: string;
  /** What kind of thing it did, such as `GET`. */
  readonly action: string;
  /** To what, such as a route. Of a longer text the first 4,096 characters and the length count. */
  readonly target: string;
  /** Milliseconds since the epoch; default: now. */
  readonly timestamp?: number;
  /**
   * How much it weighs: a number >= 0, by default 1; kept to three significant digits at least. What is no number counts as 1,
   * what is negative as 0.
   */
  readonly weight?: number;
  /** `identity`, a string, is who the actor says it is, such as a user agent: changing it is switching. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** An event as a history keeps it. @param clock asked for its time, where it has none of its own. */
export function packedEvent(event: RiskEvent, clock: Pick<Clock, 'now'>): PackedEvent {
  const { action, target, timestamp, weight, metadata } = event;
  const identity = metadata?.['identity'];
  return {
    timeMs: timestamp !== undefined && isTime(timestamp) ? timestamp : clock.now(),
    target: textHash(target),
    action: actionCode(action),
    weight: weight === undefined ? UNIT_WEIGHT : weightCode(weight),
    // 0 says that there is none.
    identity: typeof identity === 'string' ? textHash(identity) || 1 : 0,
    flags: 0,
  };
}

/** Milliseconds since 1970 that a Date can hold. */
function isTime(ms: number): boolean {
  return ms >= 0 && ms <= 8.64e15;
}
