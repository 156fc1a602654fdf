import type { Ban } from '../storage.js';
import { placeOf } from './keys.js';

/** A ban began or was lifted. */
export type PlacedChange =
  | { readonly place: string; readonly at: number; readonly ban: Ban }
  | { readonly place: string; readonly at: number; readonly ban: undefined };

/** JSON knows no infinity. */
type Json = { kind: 'ban'; until: number | null; offences: number; reason: string } | { kind: 'lifted' };

/** A ban as index and log keep it. */
export function banJson({ until, offences, reason }: Ban): string {
  const json: Json = { kind: 'ban', until: until === Infinity ? null : until, offences, reason };
  return JSON.stringify(json);
}

/** The change of a ban that has begun. */
export function changeOf(ban: Ban): PlacedChange {
  return { place: placeOf(ban.actor, ban.route), at: ban.since, ban };
}

/**
 * Reads an entry of index or log.
 *
 * @param text time in ms, a blank, JSON. @returns `undefined` for what another version may have written.
 */
export function readChange(place: string, text: string): PlacedChange | undefined {
  try {
    const blank = text.indexOf(' ');
    const at = Number(text.slice(0, blank));
    const change = JSON.parse(text.slice(blank + 1)) as Json;
    if (change.kind === 'lifted') return { place, at, ban: undefined };
    const [actor, route] = JSON.parse(place) as [string, string?];
    const { until, offences, reason } = change;
    const where = route === undefined ? {} : { route };
    return { place, at, ban: { actor, ...where, since: at, until: until ?? Infinity, offences, reason } };
  } catch {
    return undefined;
  }
}
