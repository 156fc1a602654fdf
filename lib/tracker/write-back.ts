import type { Clock } from '../clock/clock.js';
import type { Ban, BanChange, BehaviorStorage } from '../storage/storage.js';
import type { BanJournal } from './ban-journal.js';

/** Changes that one call of `restore` is given at most. */
const BATCH = 500;

/** How many changes a storage was told of. */
export interface Written {
  bans: number;
  liftings: number;
}

/**
 * Tells the storage of the oldest changes of the journal, at most 500, and removes them from it. Bans that have run out are
 * removed without a word.
 *
 * @param written is added to. @throws what the storage throws; what it was not told of stays in the journal.
 */
export async function writeBack(
  storage: BehaviorStorage,
  journal: BanJournal,
  clock: Clock,
  written: Written,
): Promise<void> {
  const batch = journal.oldest(BATCH);
  const now = clock.now();
  const live = batch.filter((change) => change.kind === 'lifted' || change.ban.until > now);
  if (!storage.restore) {
    for (const change of live) {
      await apply(storage, change, clock.now());
      done(journal, [change], written);
    }
  } else if (live.length > 0) {
    await storage.restore(live);
    done(journal, live, written);
  }
  for (const change of batch) journal.remove(change);
}

function done(journal: BanJournal, changes: readonly BanChange[], written: Written): void {
  for (const change of changes) {
    if (change.kind === 'banned') written.bans++;
    else written.liftings++;
    journal.remove(change);
  }
}

/** For a storage without `restore`: what it knows to be newer stays. */
async function apply(storage: BehaviorStorage, change: BanChange, now: number): Promise<void> {
  if (change.kind === 'lifted') {
    const known = banAt(storage, change.actor, change.route);
    if (!known || known.since <= change.at) await storage.unban(change.actor, change.route);
    return;
  }
  const { actor, route, since, until, reason } = change.ban;
  const known = banAt(storage, actor, route);
  if (known && known.since > since) return;
  const where = route === undefined ? {} : { route };
  await storage.ban({ actor, ...where, durationMs: until - now, reason });
}

/** The ban of exactly this place that the storage knows of, unless a general one that ends later hides it. */
function banAt(storage: BehaviorStorage, actor: string, route: string | undefined): Ban | undefined {
  const ban = storage.findBan(actor, route);
  return ban?.route === route ? ban : undefined;
}
