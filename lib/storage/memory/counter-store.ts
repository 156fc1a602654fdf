import { addToCounter, capacityFor, readCounter } from '../../windows/counter.js';
import { formatOf } from '../../windows/packed-counter.js';
import { ActorHash, randomHashKey } from './actor-hash.js';
import { ActorIndex } from './actor-index.js';
import { locateCounters, rebuildBlock } from './block.js';
import type { LaidOutCounter, LaidOutGroup, Layout } from './layout.js';
import { refill, takeOutEvents } from './reshape.js';
import { FLAGS, SEEN_ONCE, VIOLATOR } from './segment.js';
import { Slab } from './slab.js';

/** The counters of all actors. `open` points a layout at those of one actor, `commit` adds to them. */
export class CounterStore {
  /** By hash of actor and partition. */
  readonly index: ActorIndex;
  private readonly slab = new Slab();
  private readonly hash: ActorHash;
  /** State of the index at the last `open`. */
  private version = 0;

  /**
   * @param maxEntries entries (actor and partition) held at most.
   * @param key of the hash; secret unless in tests.
   */
  constructor(maxEntries: number, key: readonly [number, number] = randomHashKey()) {
    this.hash = new ActorHash(key);
    this.index = new ActorIndex(this.slab, maxEntries);
  }

  /** Bytes held for entries and blocks. */
  get bytes(): number {
    return this.index.bytes + this.slab.bytes;
  }

  /** Locates an actor's counters and reads them at `nowMs`. */
  open({ groups }: Layout, actor: string, nowMs: number): void {
    this.hash.absorb(actor);
    for (let g = 0; g < groups.length; g++) this.openGroup(groups[g], nowMs);
    this.version = this.index.version;
  }

  /**
   * Adds to the opened counters what their `amount` says, where it is not 0.
   *
   * @param violated marks the actor's entries: they are evicted last.
   * @returns the earliest expiry of entries made for it, in seconds since the epoch; 0 if none was made.
   */
  commit({ groups }: Layout, nowMs: number, violated: boolean): number {
    const nowSeconds = Math.floor(nowMs / 1000);
    let earliest = 0;
    for (let g = 0; g < groups.length; g++) {
      const group = groups[g];
      // Making room for another entry of this very request may have moved or evicted this one.
      if (this.index.version !== this.version) this.find(group);
      const inserted = this.commitGroup(group, nowSeconds, violated);
      if (inserted !== 0 && (earliest === 0 || inserted < earliest)) earliest = inserted;
      if (group.slot >= 0) mark(group, violated);
    }
    // Where one entry took the place of another of this request, that one must not be touched any more.
    if (this.index.version !== this.version) for (const group of groups) this.find(group);
    return earliest;
  }

  /** Drops what is kept of an actor in partitions 1 to `partitions`. O(partitions). */
  forget(actor: string, partitions: number): void {
    this.hash.absorb(actor);
    for (let partition = 1; partition <= partitions; partition++) {
      this.hash.finish(partition);
      const segment = this.index.segmentOf(this.hash.high);
      const slot = segment.find(this.hash.low, this.hash.high);
      if (slot >= 0) this.index.remove(segment, slot);
    }
  }

  private openGroup(group: LaidOutGroup, nowMs: number): void {
    const { hash } = this;
    hash.finish(group.partition);
    group.hash[0] = hash.low;
    group.hash[1] = hash.high;
    group.segment = this.index.segmentOf(hash.high);
    this.find(group);
    group.known = group.slot >= 0;
    if (group.known) {
      const reference = group.segment.referenceAt(group.slot);
      locateCounters(group, this.slab.chunkOf(reference), this.slab.offset(reference));
    }
    for (let i = 0; i < group.counters.length; i++) {
      const counter = group.counters[i];
      counter.active = false;
      if (counter.at < 0) {
        counter.timeMs = nowMs;
        counter.level = 0;
      } else if (formatOf(counter.words[counter.at]) === counter.shape.format) {
        readCounter(counter, nowMs);
      } else {
        this.reshape(group, counter, nowMs);
      }
    }
  }

  private find(group: LaidOutGroup): void {
    group.slot = group.segment.find(group.hash[0], group.hash[1]);
    if (group.slot >= 0) return;
    for (let i = 0; i < group.all.length; i++) {
      group.all[i].at = -1;
      group.all[i].level = 0;
    }
  }

  private commitGroup(group: LaidOutGroup, nowSeconds: number, violated: boolean): number {
    const counters = violated ? group.all : group.counters;
    let keepSeconds = 0;
    let lacksRoom = false;
    for (let i = 0; i < counters.length; i++) {
      const counter = counters[i];
      const { amount } = counter;
      if (amount === 0) continue;
      if (counter.shape.keepSeconds > keepSeconds) keepSeconds = counter.shape.keepSeconds;
      if (addToCounter(counter, amount)) {
        counter.amount = 0;
      } else {
        counter.wanted = capacityFor(counter, amount);
        lacksRoom = true;
      }
    }
    if (keepSeconds === 0) return 0;
    if (lacksRoom) return this.commitWithRoom(group, nowSeconds, keepSeconds);
    group.segment.extend(group.slot, nowSeconds + keepSeconds);
    return 0;
  }

  private commitWithRoom(group: LaidOutGroup, nowSeconds: number, keepSeconds: number): number {
    const isNew = group.slot < 0;
    if (this.makeRoom(group, nowSeconds, keepSeconds)) {
      for (const counter of group.all) if (counter.wanted >= 0) addToCounter(counter, counter.amount);
      group.segment.extend(group.slot, nowSeconds + keepSeconds);
    }
    for (const counter of group.all) {
      counter.wanted = -1;
      counter.amount = 0;
    }
    return isNew && group.slot >= 0 ? nowSeconds + keepSeconds : 0;
  }

  /** @returns false if memory is exhausted: 8 GiB of counters. What lacks room is then not counted. */
  private makeRoom(group: LaidOutGroup, nowSeconds: number, keepSeconds: number): boolean {
    const { segment, slot, hash } = group;
    const old = slot < 0 ? 0 : segment.referenceAt(slot);
    const reference = rebuildBlock(group, (old & ~FLAGS) >>> 0, this.slab);
    if (reference === 0) return false;
    if (slot < 0) {
      group.slot = this.index.insert(
        segment,
        hash[0],
        hash[1],
        reference,
        nowSeconds + keepSeconds,
        nowSeconds,
      );
    } else {
      segment.setReference(slot, (reference | (old & FLAGS)) >>> 0);
      this.slab.release((old & ~FLAGS) >>> 0);
    }
    return true;
  }

  /** The counter's capacity was changed across the exact limit at run time: its events are kept in the new format. */
  private reshape(group: LaidOutGroup, counter: LaidOutCounter, nowMs: number): void {
    const events = takeOutEvents(counter, nowMs);
    counter.at = -1;
    counter.timeMs = nowMs;
    counter.level = 0;
    counter.wanted = counter.shape.maxEntries;
    const done = this.makeRoom(group, 0, 0);
    counter.wanted = -1;
    if (!done) return;
    refill(counter, events);
    readCounter(counter, nowMs);
  }
}

function mark(group: LaidOutGroup, violated: boolean): void {
  const reference = group.segment.referenceAt(group.slot);
  let marked = group.known ? reference & ~SEEN_ONCE : reference;
  if (violated) marked |= VIOLATOR;
  if (marked >>> 0 !== reference) group.segment.setReference(group.slot, marked >>> 0);
}
