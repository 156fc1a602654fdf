import { ActorHash, randomHashKey } from '../memory/actor-hash.js';
import { Segment } from '../memory/segment.js';
import { ActorShares } from './actor-shares.js';

/** Actors that are looked at, at most, for one that may go. */
const CANDIDATES = 64;
const PARTITION = 0;

/**
 * Shares by actor, at most `maxActors`: an open-addressing table of keyed 64-bit hashes, since a `Map` compares strings that have
 * long left the processor's caches, which took half of the time of a request that is served without asking Redis.
 */
export class ShareTable {
  private readonly hash = new ActorHash(randomHashKey());
  private readonly index = new Segment();
  /** The index refers to them by their place, plus 1. */
  private readonly places: (ActorShares | undefined)[] = [];
  private readonly vacant: number[] = [];
  /** Where the next actor that may go is looked for. */
  private hand = 0;

  constructor(private readonly maxActors: number) {}

  /** Actors held. */
  get size(): number {
    return this.index.size;
  }

  /** The shares of an actor, if they are held. */
  find(actor: string): ActorShares | undefined {
    const slot = this.slotOf(actor);
    return slot < 0 ? undefined : this.places[this.index.referenceAt(slot) - 1];
  }

  /**
   * Holds shares of an actor that has none, in place of another's, held for long and with nothing to send, where the table is full.
   *
   * @returns `undefined` if there is no such other.
   */
  add(actor: string): ActorShares | undefined {
    if (this.index.size >= this.maxActors && !this.evict()) return undefined;
    const shares = new ActorShares(actor);
    const place = this.vacant.pop() ?? this.places.length;
    this.places[place] = shares;
    this.locate(actor);
    this.index.insert(this.hash.low, this.hash.high, place + 1, 0);
    return shares;
  }

  /** Lets go of an actor's shares. @returns them, if they were held. */
  remove(actor: string): ActorShares | undefined {
    const slot = this.slotOf(actor);
    if (slot < 0) return undefined;
    const place = this.index.referenceAt(slot) - 1;
    const shares = this.places[place];
    this.index.remove(slot);
    this.places[place] = undefined;
    this.vacant.push(place);
    return shares;
  }

  /** In the order of their places, in turn: about that in which they came. */
  private evict(): boolean {
    for (let looked = 0; looked < CANDIDATES; looked++) {
      const shares = this.places[this.hand];
      this.hand = (this.hand + 1) % this.places.length;
      if (shares === undefined || shares.isDirty) continue;
      this.remove(shares.actor);
      return true;
    }
    return false;
  }

  private slotOf(actor: string): number {
    this.locate(actor);
    return this.index.find(this.hash.low, this.hash.high);
  }

  private locate(actor: string): void {
    this.hash.absorb(actor);
    this.hash.finish(PARTITION);
  }
}
