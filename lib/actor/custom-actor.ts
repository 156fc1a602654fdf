import { createHash } from 'node:crypto';
import { MAX_ADDRESS_LENGTH, parseAddress } from './address.js';

/** Longest actor, in characters; a longer one is replaced by its hash. */
export const MAX_ACTOR_LENGTH = 256;

/** Marks the actors that are client addresses; nothing else may begin like this. */
export const ADDRESS_PREFIX = 'ip:';

/**
 * The actor for a value that the application's `trackBy` returned. Such values often come from a header, so none of them
 * may name a client's address: what begins with `ip:` or reads as an address gets the prefix `actor:`. A value longer
 * than 256 characters becomes `sha256:` and its hash. Everything else stays as it is.
 */
export function customActor(value: string): string {
  const actor = value.startsWith(ADDRESS_PREFIX) || readsAsAddress(value) ? `actor:${value}` : value;
  return actor.length > MAX_ACTOR_LENGTH ? hashed(value) : actor;
}

function readsAsAddress(value: string): boolean {
  // Most ids end here: no dot or colon, or a first letter after f.
  if (value.length > MAX_ADDRESS_LENGTH + 4 || !/^[\da-f:][^.:]*[.:]/i.test(value)) return false;
  return parseAddress(value.split('/', 1)[0]) !== undefined;
}

function hashed(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** An actor as it is, or its hash if it is longer than 256 characters. */
export function boundedActor(actor: string): string {
  return actor.length > MAX_ACTOR_LENGTH ? hashed(actor) : actor;
}
