import type { PackedEvent } from './actor-history.js';

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
  let at = 0;
  const read = (count: number): number => {
    let value = 0;
    for (const end = at + count; at < end; at++) value = value * 128 + text.charCodeAt(at);
    return value;
  };
  return {
    timeMs,
    target: read(TARGET),
    action: read(ACTION),
    weight: read(WEIGHT),
    identity: read(IDENTITY),
    flags: read(1),
    outcome: read(1),
  };
}

function digits(value: number, count: number): string {
  let text = '';
  let rest = value;
  for (let i = 0; i < count; i++) {
    text = String.fromCharCode(rest % 128) + text;
    rest = Math.floor(rest / 128);
  }
  return text;
}
