import type { ActorIndex } from './actor-index.js';
import type { Segment } from './segment.js';
import type { Sweepable } from '../sweeper.js';

/** A segment is looked through once per this time, in seconds. */
const ROUND_SECONDS = 60;
/** Places looked at in one go: some 0.2 ms. */
const SLOTS_PER_SWEEP = 32_768;
/** Entries released in one go: some 0.5 ms. */
const RELEASES_PER_SWEEP = 4_096;
/** Wait before the next go where there is more to do. */
const SWEEP_PAUSE_MS = 10;

/** Releases expired entries of the index, segment by segment, each within about a minute of its expiry. */
export class IndexSweep implements Sweepable {
  private next = 0;

  constructor(private readonly index: ActorIndex) {}

  /** When to look for an entry that was just made, in milliseconds since the epoch. */
  static dueMs(expirySeconds: number, nowMs: number): number {
    return Math.max(expirySeconds * 1000, nowMs + ROUND_SECONDS * 1000);
  }

  /** @returns when to come again, in milliseconds since the epoch. */
  sweep(nowMs: number): number {
    const nowSeconds = Math.floor(nowMs / 1000);
    const { segments } = this.index;
    let slots = SLOTS_PER_SWEEP;
    let releases = RELEASES_PER_SWEEP;
    let soonest = Infinity;
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[this.next];
      if (dueSeconds(segment) <= nowSeconds) {
        const before = this.index.size;
        slots -= this.index.sweep(segment, nowSeconds, slots, releases);
        releases -= before - this.index.size;
        if (slots <= 0 || releases <= 0) return nowMs + SWEEP_PAUSE_MS;
      }
      soonest = Math.min(soonest, dueSeconds(segment));
      this.next = (this.next + 1) % segments.length;
    }
    return soonest * 1000;
  }
}

/** When a segment is to be looked through, in seconds since the epoch; `Infinity` if it is empty. */
function dueSeconds(segment: Segment): number {
  if (segment.cursor > 0) return 0;
  if (segment.size === 0) return Infinity;
  return Math.max(segment.soonestSeconds, segment.sweptSeconds + ROUND_SECONDS);
}
