import type { PackedEvent } from './actor-history.js';
import { digits, numberAt } from '../storage/digits.js';

/** How an event is written for storages: numbers as 7-bit digits, most significant first. */
const TARGET = 5;
const ACTION = 2;
const WEIGHT = 3;
const IDENTITY = 5;

/** An event in 17 characters. Its time is the storage's to say. */
export function eventText({ target, action, weight, identity, flags, outcome = 0 }: PackedEvent): string {
  return (
    digits(target, TARGET) +
    digits(action, ACTION) +
    digits(weight, WEIGHT) +
    digits(identity, IDENTITY) +
    String.fromCharCode(flags & 0x7f, outcome & 0x7f)
  );
}

/** The event that was written so. */
export function eventOfText(text: string, timeMs: number): PackedEvent {
  return {
    timeMs,
    target: numberAt(text, 0, TARGET),
    action: numberAt(text, 5, ACTION),
    weight: numberAt(text, 7, WEIGHT),
    identity: numberAt(text, 10, IDENTITY),
    flags: numberAt(text, 15, 1),
    outcome: numberAt(text, 16, 1),
  };
}
