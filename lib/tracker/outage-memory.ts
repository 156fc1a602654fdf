import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock/clock.js';
import { MemoryStorage } from '../storage/memory/memory-storage.js';
import type { Ban, BanRequest, RecordRequest, RecordResult } from '../storage/storage.js';
import { BanJournal } from './ban-journal.js';
import type { Reporter } from './reporter.js';

/**
 * What this process decides while the storage does not answer: counters and bans in memory, and the journal of what the
 * storage has to be told of afterwards. Made when it is first needed; counts are never carried over to the storage.
 */
export class OutageMemory {
  readonly journal: BanJournal;
  private memory: MemoryStorage | undefined;

  /** @param onChange called after each change that the storage has to be told of. */
  constructor(
    private readonly clock: Clock,
    private readonly reporter: Reporter,
    private readonly onChange: () => void,
  ) {
    this.journal = new BanJournal((places) =>
      reporter.warn(
        `more than ${places} bans and liftings wait for the storage; it will not be told of the oldest`,
      ),
    );
  }

  /** Whether anything was decided here that still counts. */
  get active(): boolean {
    return this.memory !== undefined || this.journal.size > 0;
  }

  /** One pass in memory. */
  record(request: RecordRequest): RecordResult {
    const result = this.started().record(request);
    if (result.ban) this.note(result.ban);
    return result;
  }

  /** The ban made here that holds for this actor on this route. */
  findBan(actor: string, route?: string): Ban | undefined {
    return this.memory?.findBan(actor, route);
  }

  /** Bans made here that are in force. */
  bans(): readonly Ban[] {
    return this.memory?.bans() ?? [];
  }

  /** Bans at once, in this process. @param known the ban that the storage has of this place. */
  ban(request: BanRequest, known: Ban | undefined): Ban {
    const now = this.after(known, request.now);
    const ban = this.started().ban({ ...request, now });
    this.note(ban);
    return ban;
  }

  /** Lifts at once, in this process. @param known the ban that the storage has of this place. @returns whether there was one. */
  lift(actor: string, route: string | undefined, known: Ban | undefined): boolean {
    // Announces the end of a ban that the journal holds, so the lifting is noted afterwards.
    const liftedHere = this.memory?.unban(actor, route) ?? false;
    const where = route === undefined ? {} : { route };
    this.journal.add({ id: randomUUID(), kind: 'lifted', actor, ...where, at: this.after(known) });
    if (known) this.reporter.banEnded(known, 'lifted');
    this.onChange();
    return liftedHere || known !== undefined;
  }

  /** The storage has banned here: what was decided before is void. */
  replaced(actor: string, route: string | undefined): void {
    this.journal.forget(actor, route);
    this.memory?.unban(actor, route);
  }

  /** The storage has lifted the ban of this place. @returns whether there was one here too. */
  lifted(actor: string, route: string | undefined): boolean {
    const liftedHere = this.memory?.unban(actor, route) ?? false;
    this.journal.forget(actor, route);
    return liftedHere;
  }

  /** Forgets an actor's counters. */
  reset(actor: string): void {
    this.memory?.reset(actor);
  }

  /** Releases the memory. Bans end here without being announced: the storage knows them. */
  drop(): void {
    this.memory?.close();
    this.memory = undefined;
  }

  private started(): MemoryStorage {
    if (!this.memory) {
      this.memory = new MemoryStorage();
      const onBanEnd = (ban: Ban, how: 'expired' | 'lifted'): void => {
        // A ban that the storage has been told of is the storage's to announce.
        if (this.journal.holds(ban)) this.reporter.banEnded(ban, how);
      };
      this.memory.start({ clock: this.clock, onBanEnd });
    }
    return this.memory;
  }

  private note(ban: Ban): void {
    this.journal.add({ id: randomUUID(), kind: 'banned', ban });
    this.onChange();
  }

  /** Now, but later than a ban that is replaced or lifted: the storage's clock may be ahead, and the newer change wins. */
  private after(known: Ban | undefined, now = this.clock.now()): number {
    return known ? Math.max(now, known.since + 1) : now;
  }
}
