import { createHash } from 'node:crypto';

/** An event as it is remembered: when (milliseconds since the epoch), and hashes of action and target. */
export type StateEvent = readonly [timeMs: number, action: string, target: string];

/** Events by actor, oldest first. */
export type State = ReadonlyMap<string, readonly StateEvent[]>;

const FORMAT = 'behavior-guard state';
const VERSION = 1;

/** Events of one actor, and actors, that are kept at most. */
export const MOST_EVENTS = 255;
export const MOST_ACTORS = 1_000;

/** Written by a later version of this program, whose file must not be touched. */
export class NewerStateError extends Error {}

/** Commands may hold secrets, and be long: what is needed is whether they are the same. 16 characters, 96 bits. */
export function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

/** The text of a state file. */
export function writeState(state: State): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, actors: [...state] })}\n`;
}

/**
 * Reads the text of a state file; an empty one is a new one.
 *
 * @returns what is wrong with it, if it is damaged. @throws NewerStateError
 */
export function readState(text: string): State | string {
  if (text.trim() === '') return new Map();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return `not JSON (${(error as Error).message})`;
  }
  const { format, version, actors } = (document ?? {}) as Record<string, unknown>;
  if (format !== FORMAT) return 'not a state file';
  if (typeof version === 'number' && version > VERSION)
    throw new NewerStateError(`has version ${version}, this program knows ${VERSION}`);
  if (version !== VERSION || !Array.isArray(actors)) return 'not a state file of version 1';
  const state = new Map<string, readonly StateEvent[]>();
  for (const entry of actors as unknown[]) {
    if (!Array.isArray(entry) || entry.length !== 2) return 'a malformed actor';
    const [actor, events] = entry as unknown[];
    if (typeof actor !== 'string' || !Array.isArray(events) || !events.every(isEvent))
      return 'a malformed actor';
    state.set(actor, events);
  }
  return state;
}

function isEvent(event: unknown): event is StateEvent {
  if (!Array.isArray(event) || event.length !== 3) return false;
  const [timeMs, action, target] = event as unknown[];
  return Number.isFinite(timeMs) && typeof action === 'string' && typeof target === 'string';
}

/**
 * What is still needed at `nowMs`: per actor the last 255 events of its window, and the 1,000 actors seen last. Events from a
 * clock that was ahead count as if they happened now, so that they don't count for ever.
 */
export function prunedState(state: State, nowMs: number, windowMsOf: (actor: string) => number): State {
  const kept: [string, readonly StateEvent[]][] = [];
  for (const [actor, events] of state) {
    const since = nowMs - windowMsOf(actor);
    const recent = events
      .filter(([timeMs]) => timeMs > since)
      .map(([timeMs, action, target]) => [Math.min(timeMs, nowMs), action, target] as const)
      .slice(-MOST_EVENTS);
    if (recent.length > 0) kept.push([actor, recent]);
  }
  if (kept.length <= MOST_ACTORS) return new Map(kept);
  const lastOf = ([, events]: (typeof kept)[number]): number => events[events.length - 1][0];
  return new Map(kept.sort((a, b) => lastOf(b) - lastOf(a)).slice(0, MOST_ACTORS));
}
