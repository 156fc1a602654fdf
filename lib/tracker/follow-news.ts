import type { ActorHistory } from '../history/actor-history.js';
import type { HistoryNews, KeptEvent } from '../storage/storage.js';

/**
 * Brings an instance's copy of a history up to what the storage told: what is new to it is applied, in order; where the storage
 * has begun another history, this one is forgotten first.
 *
 * @param apply adds one; `isLast` of the newest.
 */
export function followNews(
  history: ActorHistory,
  { events, born, next, revision }: HistoryNews,
  apply: (kept: KeptEvent, isLast: boolean) => void,
): void {
  const { position } = history;
  const first = next - events.length;
  const continues = position.born === born && position.revision === revision && position.next >= first;
  if (!continues) history.clear();
  const known = continues ? position.next - first : 0;
  for (let i = known; i < events.length; i++) apply(events[i], i === events.length - 1);
  if (known < events.length) history.setPosition({ born, next, revision });
}
