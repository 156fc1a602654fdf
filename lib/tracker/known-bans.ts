import type { Ban, BehaviorStorage, RecordResult } from '../storage/storage.js';
import { placeOf } from './ban-journal.js';
import type { OutageMemory } from './outage-memory.js';

/**
 * The bans that this process knows: the storage's local knowledge, overruled by what was decided while the storage did not
 * answer. Synchronous and without I/O.
 */
export class KnownBans {
  /** @param onError called with what the storage's `findBan` throws. */
  constructor(
    private readonly storage: BehaviorStorage,
    private readonly outage: OutageMemory,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** The ban that holds for this actor on this route; of two, the one that ends later. Never throws. */
  find(actor: string, route?: string): Ban | undefined {
    const { outage } = this;
    const ban = this.stored(actor, route);
    if (!outage.active) return ban;
    const own = outage.findBan(actor, route);
    const stored = ban && this.isOverruled(ban) ? this.beneath(ban) : ban;
    if (!stored || !own) return stored ?? own;
    return own.until > stored.until ? own : stored;
  }

  /** The storage's ban of exactly this place, if it still holds; not where a general one hides it. */
  storedAt(actor: string, route?: string): Ban | undefined {
    const ban = this.stored(actor, route);
    return ban && ban.route === route && !this.isOverruled(ban) ? ban : undefined;
  }

  /** Whether a ban of the storage was lifted or replaced in this process, which the storage has yet to be told. */
  isOverruled(ban: Ban): boolean {
    return this.outage.journal.hides(ban);
  }

  /** The storage's list with what was decided here, by end. */
  merge(bans: readonly Ban[]): readonly Ban[] {
    const own = this.outage.bans();
    const places = new Set(own.map(({ actor, route }) => placeOf(actor, route)));
    const others = bans.filter((ban) => !this.isOverruled(ban) && !places.has(placeOf(ban.actor, ban.route)));
    // Not a difference: that of two permanent bans is not a number.
    return [...others, ...own].sort((a, b) => (a.until < b.until ? -1 : a.until > b.until ? 1 : 0));
  }

  private stored(actor: string, route?: string): Ban | undefined {
    try {
      return this.storage.findBan(actor, route);
    } catch (error) {
      this.onError(error);
      return undefined;
    }
  }

  /** What holds where a ban of one route no longer does. Beneath a general one the storage shows nothing. */
  private beneath({ actor, route }: Ban): Ban | undefined {
    const general = route === undefined ? undefined : this.stored(actor);
    return general && !this.isOverruled(general) ? general : undefined;
  }
}

/** The verdict on a request of an actor that is banned. */
export function refusedFor(banned: Ban): RecordResult {
  return { banned, denied: true, wouldDeny: true, rules: [] };
}
