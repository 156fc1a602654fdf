/** Flag of a reference: no second request so far. */
export const SEEN_ONCE = 1;
/** Flag of a reference: violated a rule. */
export const VIOLATOR = 2;
/** All flags. */
export const FLAGS = 3;

const MIN_SLOTS = 16;
const MAX_LOAD = 0.8;
/** Below this load a table is made smaller. */
const MIN_LOAD = 0.125;
/** No entry at all. Also the latest expiry there is. */
const NEVER = 0xffff_ffff;

/**
 * One part of the index: an open-addressing hash table with linear probing and backward-shift deletion (no tombstones),
 * four words per place: low hash, high hash, reference and flags (0: vacant), expiry in seconds since the epoch.
 */
export class Segment {
  /** Kept, for a new one could lie above all that this segment has freed, and keep that resident. */
  private readonly smallest = new Uint32Array(MIN_SLOTS * 4);
  table = this.smallest;
  slots = MIN_SLOTS;
  size = 0;
  /** Lower bound of the expiries held, in seconds since the epoch. */
  soonestSeconds = NEVER;
  /** Where a sweep in progress goes on; 0 when none is. */
  cursor = 0;
  /** When the last sweep began, in seconds since the epoch. */
  sweptSeconds = 0;
  private soonestSurvivor = NEVER;

  /** The slot of a hash, or -1. */
  find(low: number, high: number): number {
    const table = this.table;
    const mask = this.slots - 1;
    let slot = low & mask;
    for (;;) {
      const at = slot << 2;
      if (table[at + 2] === 0) return -1;
      if (table[at] === low && table[at + 1] === high) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Reference and flags at a slot; 0 if it is vacant. */
  referenceAt(slot: number): number {
    return this.table[(slot << 2) + 2];
  }

  /** Replaces reference and flags. */
  setReference(slot: number, reference: number): void {
    this.table[(slot << 2) + 2] = reference;
  }

  /** Expiry at a slot, in seconds since the epoch. */
  expiryAt(slot: number): number {
    return this.table[(slot << 2) + 3];
  }

  /** Moves the expiry; it never gets earlier. */
  extend(slot: number, expirySeconds: number): void {
    const at = (slot << 2) + 3;
    if (expirySeconds > this.table[at]) this.table[at] = Math.min(expirySeconds, NEVER);
  }

  /** Adds a hash that is not present, growing the table where needed. @returns its slot. */
  insert(low: number, high: number, reference: number, expirySeconds: number): number {
    if (this.size + 1 > this.slots * MAX_LOAD) this.resize(this.slots * 2);
    const expiry = Math.min(expirySeconds, NEVER);
    if (expiry < this.soonestSeconds) this.soonestSeconds = expiry;
    // Behind the cursor of a sweep in progress it would else be overlooked.
    this.noteSurvivor(expiry);
    this.size++;
    return this.place(low, high, reference, expiry);
  }

  /** Vacates a slot, moving the entries that had to evade it closer to their home. */
  remove(slot: number): void {
    const table = this.table;
    const mask = this.slots - 1;
    let hole = slot;
    for (let next = (slot + 1) & mask; table[(next << 2) + 2] !== 0; next = (next + 1) & mask) {
      const home = table[next << 2] & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      for (let i = 0; i < 4; i++) table[(hole << 2) + i] = table[(next << 2) + i];
      // It may have moved from before the cursor of a sweep in progress to behind it.
      this.noteSurvivor(table[(hole << 2) + 3]);
      hole = next;
    }
    table[(hole << 2) + 2] = 0;
    this.size--;
  }

  /** Remembers an expiry that a sweep has passed by. */
  noteSurvivor(expirySeconds: number): void {
    if (expirySeconds < this.soonestSurvivor) this.soonestSurvivor = expirySeconds;
  }

  /** A sweep begins at the start of the table. */
  beginSweep(nowSeconds: number): void {
    this.sweptSeconds = nowSeconds;
    this.soonestSurvivor = NEVER;
  }

  /** A sweep has reached the end of the table. */
  endSweep(): void {
    this.soonestSeconds = this.soonestSurvivor;
    this.cursor = 0;
  }

  /** Makes the table smaller if it is nearly vacant. @returns whether it did. */
  shrink(): boolean {
    let slots = this.slots;
    while (slots > MIN_SLOTS && this.size < slots * MIN_LOAD) slots /= 2;
    if (slots === this.slots) return false;
    this.resize(slots);
    return true;
  }

  private place(low: number, high: number, reference: number, expirySeconds: number): number {
    const table = this.table;
    const mask = this.slots - 1;
    let slot = low & mask;
    while (table[(slot << 2) + 2] !== 0) slot = (slot + 1) & mask;
    const at = slot << 2;
    table[at] = low;
    table[at + 1] = high;
    table[at + 2] = reference;
    table[at + 3] = expirySeconds;
    return slot;
  }

  private resize(slots: number): void {
    const old = this.table;
    this.table = slots === MIN_SLOTS ? this.smallest.fill(0) : new Uint32Array(slots * 4);
    this.slots = slots;
    // A sweep in progress starts again: entries have changed places.
    this.cursor = 0;
    for (let at = 0; at < old.length; at += 4) {
      if (old[at + 2] !== 0) this.place(old[at], old[at + 1], old[at + 2], old[at + 3]);
    }
  }
}

/** Stands for a segment where none was looked up yet. */
export const NO_SEGMENT = new Segment();
