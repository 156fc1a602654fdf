import type { Slab } from './slab.js';
import { FLAGS, SEEN_ONCE, Segment, VIOLATOR } from './segment.js';

/** Entries that a segment should hold at most: growing it by one doubling then takes well below a millisecond. */
const ENTRIES_PER_SEGMENT = 16_384;
const MAX_SEGMENTS = 4_096;
/** How many neighbours an entry competes with for its place. */
const EVICTION_CANDIDATES = 8;

/**
 * The index of memory blocks by 64-bit hash: open addressing in segments of their own, so that growing one never
 * stops the process for long. Bounded: beyond `maxEntries`, a new entry takes the place of a neighbour (see
 * `findVictim`).
 */
export class ActorIndex {
  /** Entries held. */
  size = 0;
  /** Changes whenever an entry may have moved or gone: slots found before are then stale. */
  version = 0;
  readonly segments: readonly Segment[];
  private readonly shift: number;

  constructor(
    private readonly slab: Slab,
    private readonly maxEntries: number,
  ) {
    const wanted = Math.min(MAX_SEGMENTS, Math.ceil(maxEntries / ENTRIES_PER_SEGMENT));
    const bits = Math.ceil(Math.log2(wanted));
    this.segments = Array.from({ length: 2 ** bits }, () => new Segment());
    this.shift = 31 - bits;
  }

  /** Bytes of the tables. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.table.byteLength, 0);
  }

  /** The segment that a hash belongs to. */
  segmentOf(high: number): Segment {
    // In two steps, for a shift by 32 would be a shift by 0.
    return this.segments[(high >>> 1) >>> this.shift];
  }

  /**
   * Adds an entry that is not present, evicting one if the index is full.
   *
   * @returns its slot.
   */
  insert(
    segment: Segment,
    low: number,
    high: number,
    reference: number,
    expirySeconds: number,
    now: number,
  ): number {
    if (this.size >= this.maxEntries) this.evict(segment, low, now);
    this.size++;
    this.version++;
    return segment.insert(low, high, (reference | SEEN_ONCE) >>> 0, expirySeconds);
  }

  /** Removes the entry at `slot` and releases its block. */
  remove(segment: Segment, slot: number): void {
    const reference = (segment.referenceAt(slot) & ~FLAGS) >>> 0;
    segment.remove(slot);
    this.slab.release(reference);
    this.size--;
    this.version++;
  }

  /**
   * Releases what has expired, in one segment from its cursor on, looking at no more than `maxSlots` places and
   * releasing no more than `maxReleases` entries.
   *
   * @returns places looked at.
   */
  sweep(segment: Segment, nowSeconds: number, maxSlots: number, maxReleases: number): number {
    let looked = 0;
    let released = 0;
    if (segment.cursor === 0) segment.beginSweep(nowSeconds);
    while (looked < maxSlots && released < maxReleases && segment.cursor < segment.slots) {
      looked++;
      const slot = segment.cursor;
      if (segment.referenceAt(slot) !== 0 && segment.expiryAt(slot) <= nowSeconds) {
        this.remove(segment, slot);
        released++;
        continue; // Another entry may have moved into this place.
      }
      if (segment.referenceAt(slot) !== 0) segment.noteSurvivor(segment.expiryAt(slot));
      segment.cursor++;
    }
    if (segment.cursor >= segment.slots) this.finishSweep(segment);
    return looked;
  }

  private finishSweep(segment: Segment): void {
    segment.endSweep();
    if (segment.shrink()) this.version++;
  }

  private evict(home: Segment, low: number, nowSeconds: number): void {
    let segment = home;
    // With fewer entries than segments, the home segment can be empty.
    for (let i = 0; segment.size === 0; i++) segment = this.segments[i];
    this.remove(segment, findVictim(segment, low, nowSeconds));
  }
}

/**
 * Which of the first eight entries from a hash's place on must go: one that has expired; else one seen a single time;
 * else one that violated no rule; else any; among equals the one that expires soonest. So a flood of fresh
 * addresses evicts fresh addresses, never a throttled one, except where all eight neighbours are throttled.
 */
function findVictim(segment: Segment, low: number, nowSeconds: number): number {
  let victim = -1;
  let victimRank = 0;
  let slot = low & (segment.slots - 1);
  for (let seen = 0, looked = 0; seen < EVICTION_CANDIDATES && looked < segment.slots; looked++) {
    const reference = segment.referenceAt(slot);
    if (reference !== 0) {
      seen++;
      const expiry = segment.expiryAt(slot);
      const rank = rankOf(reference, expiry <= nowSeconds) * EXPIRY_RANGE + expiry;
      if (victim < 0 || rank < victimRank) {
        victim = slot;
        victimRank = rank;
      }
    }
    slot = (slot + 1) & (segment.slots - 1);
  }
  return victim;
}

const EXPIRY_RANGE = 2 ** 32;

function rankOf(reference: number, expired: boolean): number {
  if (expired) return 0;
  if ((reference & VIOLATOR) !== 0) return 3;
  return (reference & SEEN_ONCE) !== 0 ? 1 : 2;
}
