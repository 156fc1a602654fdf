import type { CounterShape } from './counter-shape.js';
import type { Words } from './packed-counter.js';

const NO_WORDS: Words = new Uint32Array(0);

/** Where a block of counters lies. Shared by all cursors on it, and by those of other sets of rules after them. */
export class BlockView {
  words: Words = NO_WORDS;

  /** Looks at nothing, so that what it saw last can be freed. Cursors on it must be located anew. */
  clear(): void {
    this.words = NO_WORDS;
  }
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
