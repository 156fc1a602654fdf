import type { BehaviorHistory, Outcome } from '../history/behavior-history.js';

/** Events that are kept of an actor. */
export const MOST_EVENTS = 64;

/** One event. */
export interface KeptEvent {
  readonly timeMs: number;
  readonly target: number;
  readonly action: number;
  outcome: Outcome;
  flags: number;
}

/** The last 64 events of one actor of a log. */
export class EventHistory implements BehaviorHistory {
  private readonly events: KeptEvent[] = [];

  get length(): number {
    return this.events.length;
  }

  /** The oldest makes place. */
  append(event: KeptEvent): void {
    if (this.events.length >= MOST_EVENTS) this.events.shift();
    this.events.push(event);
  }

  timeMs(index: number): number {
    return this.events[index].timeMs;
  }

  target(index: number): number {
    return this.events[index].target;
  }

  action(index: number): number {
    return this.events[index].action;
  }

  outcome(index: number): Outcome {
    return this.events[index].outcome;
  }

  flags(index: number): number {
    return this.events[index].flags;
  }
}
