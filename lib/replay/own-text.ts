import { RecentMap } from '../actor/recent-map.js';

/** Shorter texts are copied by the engine itself. */
const SHARED_FROM = 13;

/**
 * The same text in memory of its own. A part of a line keeps the whole line alive, so whatever outlives its line is copied.
 */
export function ownText(text: string): string {
  return text.length < SHARED_FROM ? text : Buffer.from(text, 'utf8').toString('utf8');
}

/** A `RecentMap` that keeps no line alive by a key that is a part of it. */
export class RecentTexts<Value> extends RecentMap<Value> {
  override set(key: string, value: Value): void {
    super.set(ownText(key), value);
  }
}
