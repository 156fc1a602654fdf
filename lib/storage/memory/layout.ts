import { CounterCursor, type BlockView } from '../../windows/counter-cursor.js';
import type { CounterShape } from '../../windows/counter-shape.js';
import { MARK, MAX_TAG } from '../../windows/packed-counter.js';
import type { BanTerms, RuleQuery } from '../storage.js';
import { NO_SEGMENT } from './segment.js';

/**
 * An array of rules, worked out once, together with the working state of the pass in progress: passes never overlap, and
 * what belongs together is read together.
 */
export interface Layout {
  readonly rules: readonly LaidOutRule[];
  /** Blocks that hold the rules' counters. */
  readonly groups: readonly LaidOutGroup[];
}

/** A counter (or a mark) of one block. */
export class LaidOutCounter extends CounterCursor {
  /** What this request would add: the most of its rules; 0: nothing, as between requests. */
  amount = 0;
  /** A rule that is not passive counts here in this request. */
  active = false;
  /** Entries to make room for when the block is rebuilt; -1: as it is. */
  wanted = -1;

  constructor(
    shape: CounterShape,
    block: BlockView,
    /** Which counter of its block. */
    readonly tag: number,
    /** Class `attempts`: committed whatever the verdict. */
    readonly attempts: boolean,
  ) {
    super(shape, block);
  }
}

/** The counters of a call that lie in one block, and where an actor's block was found. */
export class LaidOutGroup {
  /** By tag. */
  readonly byTag: (LaidOutCounter | undefined)[] = new Array<undefined>(MAX_TAG + 1).fill(undefined);
  /** Without marks, which matter to violations only. */
  readonly counters: readonly LaidOutCounter[];
  segment = NO_SEGMENT;
  /** Place in the segment; -1: there is no block. */
  slot = -1;
  /** The block was there before this request. */
  known = false;
  /** Low and high half of the hash. */
  readonly hash = new Uint32Array(2);

  constructor(
    /** Hashed with the actor. */
    readonly partition: number,
    readonly block: BlockView,
    /** Counters and marks. */
    readonly all: readonly LaidOutCounter[],
  ) {
    for (const counter of all) this.byTag[counter.tag] = counter;
    this.counters = all.filter(({ shape }) => shape.format !== MARK);
  }
}

/** A rule, and what this request makes of it. */
export class LaidOutRule {
  // Copied from the query, for objects of one shape are faster to read than those of callers.
  readonly usualThreshold: number;
  readonly usualCost: number;
  readonly denies: boolean;
  readonly passive: boolean;
  readonly cooldownMs: number;
  readonly ban: BanTerms | undefined;
  /** Violating it bans. */
  readonly bans: boolean;
  /** Only asks its counter. */
  readonly peek: boolean;
  /** Of this request; 0: the rule is left out. */
  cost = 0;
  /** Of this request. */
  threshold = 0;
  violated = false;
  report = false;
  retryAfterMs = 0;
  /** Events in the window with this request. */
  count = 0;

  constructor(
    query: RuleQuery,
    readonly counter: LaidOutCounter,
    /** Until when the rule needn't be reported again; absent: each violation is reported. */
    readonly mark: LaidOutCounter | undefined,
    /** Largest threshold that its counter can judge. */
    readonly capacity: number,
  ) {
    this.usualThreshold = query.threshold;
    this.usualCost = query.cost;
    this.denies = query.denies;
    this.passive = query.passive;
    this.cooldownMs = query.cooldownMs;
    this.ban = query.ban;
    this.bans = query.ban !== undefined && !query.passive;
    this.peek = query.peek ?? false;
  }
}
