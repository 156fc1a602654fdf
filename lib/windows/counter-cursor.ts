import type { CounterShape } from './counter-shape.js';
import type { Words } from './packed-counter.js';

/** Where a block of counters lies. Shared by all cursors on it, and by those of other sets of rules after them. */
export class BlockView {
  words: Words = new Uint32Array(0);
}

/** One counter of one actor, as a pass reads it and adds to it. Reused for the next actor. */
export class CounterCursor {
  /** Its first word; -1: it does not exist. */
  at = -1;
  /** The time it is judged by: now, or the time of its newest event if that is later. Milliseconds since the epoch. */
  timeMs = 0;
  /** Events in the window at `timeMs`. For pacing the theoretical arrival time; 0: none. */
  level = 0;

  constructor(
    readonly shape: CounterShape,
    readonly block: BlockView,
  ) {}

  /** The words it lies in. */
  get words(): Words {
    return this.block.words;
  }
}
