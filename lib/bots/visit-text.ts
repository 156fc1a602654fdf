import { digits, numberAt } from '../storage/digits.js';
import type { MemoryArrival } from './actor-memory.js';

/** A request as instances tell each other of it. */
export interface Arrival extends MemoryArrival {
  readonly kind: 'arrival';
  /** 32 bits. */
  readonly target: number;
  /** 10 bits. */
  readonly action: number;
  readonly flags: number;
}

/** How a request ended. */
export interface Departure {
  readonly kind: 'departure';
  /** Of the request: the newest one of this target is meant. */
  readonly target: number;
  /** Those that it has now. */
  readonly flags: number;
  readonly outcome: number;
}

/** What a history is made of. */
export type VisitEntry = Arrival | Departure;

const ARRIVAL = 'a';
const DEPARTURE = 'd';
/** Characters of either. */
const LENGTH = 23;

/** An entry as it is told to other instances. */
export function visitText(entry: VisitEntry): string {
  return entry.kind === 'arrival' ? arrivalText(entry) : departureText(entry);
}

/** An arrival as 7-bit digits: target (5), flags, action (2), then what the memory takes: id (5), template, letters, agent (3 each). */
function arrivalText({ target, action, flags, id, template, letters, agentHash }: Arrival): string {
  const memory = digits(id, 5) + digits(template, 3) + digits(letters, 3) + digits(agentHash, 3);
  return ARRIVAL + digits(target, 5) + digits(flags, 1) + digits(action, 2) + memory;
}

/** A departure: target (5), flags and outcome. */
function departureText({ target, flags, outcome }: Departure): string {
  return (DEPARTURE + digits(target, 5) + digits(flags, 1) + digits(outcome, 1)).padEnd(LENGTH, '\0');
}

/** What was written so. */
export function readVisitText(text: string): VisitEntry {
  const target = numberAt(text, 1, 5);
  const flags = numberAt(text, 6, 1);
  if (!text.startsWith(ARRIVAL)) return { kind: 'departure', target, flags, outcome: numberAt(text, 7, 1) };
  return {
    kind: 'arrival',
    target,
    flags,
    action: numberAt(text, 7, 2),
    id: numberAt(text, 9, 5),
    template: numberAt(text, 14, 3),
    letters: numberAt(text, 17, 3),
    agentHash: numberAt(text, 20, 3),
  };
}
