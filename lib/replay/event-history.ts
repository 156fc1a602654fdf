import type { BehaviorHistory, Outcome } from '../history/behavior-history.js';
import { outcomeOf } from '../history/event-code.js';

/** Events that are kept of an actor. */
export const MOST_EVENTS = 64;

/** One event. */
export interface KeptEvent {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** 32 bits. */
  readonly target: number;
  /** 10 bits. */
  readonly action: number;
  /** 7 bits. */
  readonly flags: number;
}

const FIRST_ROOM = 2;
/** Numbers of an event: time, target, and action, outcome and flags in one. */
const NUMBERS = 3;
const FLAG_BITS = 7;
const OUTCOME_BITS = 4;
const FLAG_MASK = 2 ** FLAG_BITS - 1;
const OUTCOME_MASK = 2 ** OUTCOME_BITS - 1;

/** The last 64 events of one actor of a log: 24 bytes each. */
export class EventHistory implements BehaviorHistory {
  private numbers = new Float64Array(FIRST_ROOM * NUMBERS);
  private count = 0;

  get length(): number {
    return this.count;
  }

  /** Adds an event of unknown outcome; the oldest makes place. */
  append({ timeMs, target, action, flags }: KeptEvent): void {
    if (this.count === MOST_EVENTS) {
      this.numbers.copyWithin(0, NUMBERS);
      this.count--;
    } else if (this.count * NUMBERS === this.numbers.length) {
      const grown = new Float64Array(this.numbers.length * 2);
      grown.set(this.numbers);
      this.numbers = grown;
    }
    const at = this.count++ * NUMBERS;
    this.numbers[at] = timeMs;
    this.numbers[at + 1] = target;
    this.numbers[at + 2] = (action << (OUTCOME_BITS + FLAG_BITS)) | flags;
  }

  /** Says how the newest event ended. @param outcome its code. @param flags in place of those it came with. */
  close(outcome: number, flags: number): void {
    const at = (this.count - 1) * NUMBERS + 2;
    const action = this.numbers[at] >>> (OUTCOME_BITS + FLAG_BITS);
    this.numbers[at] = (action << (OUTCOME_BITS + FLAG_BITS)) | (outcome << FLAG_BITS) | flags;
  }

  timeMs(index: number): number {
    return this.numbers[index * NUMBERS];
  }

  target(index: number): number {
    return this.numbers[index * NUMBERS + 1];
  }

  action(index: number): number {
    return this.numbers[index * NUMBERS + 2] >>> (OUTCOME_BITS + FLAG_BITS);
  }

  outcome(index: number): Outcome {
    return outcomeOf((this.numbers[index * NUMBERS + 2] >>> FLAG_BITS) & OUTCOME_MASK);
  }

  flags(index: number): number {
    return this.numbers[index * NUMBERS + 2] & FLAG_MASK;
  }
}
