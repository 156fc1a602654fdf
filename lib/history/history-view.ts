import type { Words } from '../windows/packed-counter.js';
import { ActorMarks } from './actor-marks.js';
import type { BehaviorHistory, Outcome } from './behavior-history.js';
import { BUSY_WORDS, busyEvents, busyTargets } from './busy-window.js';
import { UNIT_WEIGHT, outcomeOf } from './event-code.js';
import * as layout from './history-layout.js';
import type { HistoryShape } from './history-shape.js';

const { COUNTS, FIRST, NEXT, TAIL } = layout;

/** What is known of one actor: reads the block of memory that `HistoryStore` points it at. */
export class HistoryView extends ActorMarks implements BehaviorHistory {
  /** Events that the block has room for. */
  room = 0;
  hasWeights = false;
  protected eventsAt = 0;
  protected bucketMask = 0;
  protected placeMask = 0;

  /** Looks at the block at this place. */
  point(words: Words, at: number, shape: HistoryShape): void {
    this.words = words;
    this.at = at;
    this.shape = shape;
    this.room = 1 << (words[at + COUNTS] >>> layout.ROOM_SHIFT);
    this.hasWeights = (words[at + layout.STATE] & layout.FLAG_WEIGHTS) !== 0;
    const buckets = layout.bucketsFor(this.room);
    this.readBase();
    this.placeMask = this.room - 1;
    this.bucketMask = buckets - 1;
    this.eventsAt = at + layout.HEADER_WORDS + (buckets >> 2);
  }

  get length(): number {
    return this.words[this.at + NEXT] - this.words[this.at + FIRST];
  }

  /** Events that may be held. */
  get most(): number {
    return this.room < this.shape.events ? this.room : this.shape.events;
  }

  /** Events within the window that are held. */
  get recent(): number {
    return this.words[this.at + NEXT] - this.words[this.at + TAIL];
  }

  /** Events within the window: exact up to those held, above by sub-buckets. */
  get events(): number {
    return this.shape.busy ? Math.max(this.recent, busyEvents(this.words, this.busyStart)) : this.recent;
  }

  /** Distinct targets within the window: exact up to the events held, above an estimate. */
  get targets(): number {
    const held = this.words[this.at + COUNTS] & 0xff;
    // Only where there are more events than are held can there be more targets.
    if (!this.shape.busy || this.events <= this.recent) return held;
    return Math.max(held, busyTargets(this.words, this.busyStart));
  }

  /** Sum of the weights of the events held within the window, in thousandths. */
  get weight(): number {
    if (!this.hasWeights) return this.recent * UNIT_WEIGHT;
    return this.words[this.at + layout.WEIGHT_HIGH] * layout.HIGH + this.words[this.at + layout.WEIGHT_LOW];
  }

  /** Gaps between events within the window that fit the period. */
  get fits(): number {
    return (this.words[this.at + COUNTS] >>> 8) & 0xff;
  }

  /** Events within the window that went back to the target before the last, or came as somebody else. */
  get switches(): number {
    return (this.words[this.at + COUNTS] >>> 16) & 0xff;
  }

  timeMs(index: number): number {
    return this.baseMs + this.event(index, 0);
  }

  target(index: number): number {
    return this.event(index, 1);
  }

  action(index: number): number {
    return this.event(index, 2) & layout.ACTION_MASK;
  }

  outcome(index: number): Outcome {
    return outcomeOf((this.event(index, 2) >>> layout.OUTCOME_SHIFT) & layout.OUTCOME_MASK);
  }

  flags(index: number): number {
    return (this.event(index, 2) >>> layout.FLAGS_SHIFT) & layout.FLAGS_MASK;
  }

  /** Code of the weight of an event held. */
  weightCode(seq: number): number {
    if (!this.hasWeights) return UNIT_WEIGHT;
    const position = seq & this.placeMask;
    return (this.words[this.weightsAt + (position >>> 1)] >>> ((position & 1) * 16)) & 0xffff;
  }

  setWeightCode(seq: number, code: number): void {
    const position = seq & this.placeMask;
    const place = this.weightsAt + (position >>> 1);
    const shift = (position & 1) * 16;
    this.words[place] = (this.words[place] & ~(0xffff << shift)) | (code << shift);
  }

  /** Where an event's words are. */
  placeOf(seq: number): number {
    return this.eventsAt + (seq & this.placeMask) * layout.EVENT_WORDS;
  }

  /**
   * Says how the newest event of this target ended whose outcome is not known.
   *
   * @param flags those that it has now. @returns whether there is one.
   */
  settle(target: number, outcome: number, flags: number): boolean {
    const { words, at } = this;
    const first = words[at + FIRST];
    for (let seq = words[at + NEXT] - 1; seq >= first; seq--) {
      const place = this.placeOf(seq);
      const meta = words[place + 2];
      if (words[place + 1] !== target || ((meta >>> layout.OUTCOME_SHIFT) & layout.OUTCOME_MASK) !== 0)
        continue;
      const kept = meta & ~(layout.FLAGS_MASK << layout.FLAGS_SHIFT);
      const settled = (outcome << layout.OUTCOME_SHIFT) | ((flags & layout.FLAGS_MASK) << layout.FLAGS_SHIFT);
      words[place + 2] = kept | settled;
      return true;
    }
    return false;
  }

  /** Where the counts of a busy actor are, if its shape has them. */
  get busyStart(): number {
    return this.at + layout.historyWords(this.room, this.hasWeights);
  }

  /** The counts of a busy actor. */
  get busyPart(): Words {
    return this.words.subarray(this.busyStart, this.busyStart + BUSY_WORDS);
  }

  private get weightsAt(): number {
    return this.at + layout.eventsEnd(this.room);
  }

  private event(index: number, word: number): number {
    return this.words[this.placeOf(this.words[this.at + FIRST] + index) + word];
  }
}
