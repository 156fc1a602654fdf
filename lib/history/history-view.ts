import type { Words } from '../windows/packed-counter.js';
import { UNKNOWN_POSITION } from '../storage/kept-history.js';
import type { HistoryPosition } from '../storage/storage.js';
import type { BehaviorHistory, Outcome } from './behavior-history.js';
import { BUSY_WORDS, busyEvents, busyTargets } from './busy-window.js';
import { UNIT_WEIGHT, outcomeOf } from './event-code.js';
import * as layout from './history-layout.js';
import type { HistoryShape } from './history-shape.js';

const { COUNTS, FIRST, NEXT, TAIL } = layout;
const HIGH = 2 ** 32;
const NO_WORDS: Words = new Uint32Array(layout.HEADER_WORDS);

/** What is known of one actor: reads the block of memory that `HistoryStore` points it at. */
export class HistoryView implements BehaviorHistory {
  words: Words = NO_WORDS;
  /** Where the block begins. */
  at = 0;
  /** Events that the block has room for. */
  room = 0;
  hasWeights = false;
  /** Of the last event added, in milliseconds since the epoch. */
  nowMs = 0;
  /** Time that the events' times count from, in milliseconds since the epoch. */
  protected baseMs = 0;
  protected eventsAt = 0;
  protected bucketMask = 0;
  protected placeMask = 0;

  constructor(public shape: HistoryShape) {}

  /** Looks at nothing, so that what it saw last can be freed. It must be pointed at a block before it is read again. */
  clearWords(): void {
    this.words = NO_WORDS;
    this.at = 0;
  }

  /** Looks at the block at this place. */
  point(words: Words, at: number, shape: HistoryShape): void {
    this.words = words;
    this.at = at;
    this.shape = shape;
    this.room = 1 << (words[at + COUNTS] >>> layout.ROOM_SHIFT);
    this.hasWeights = (words[at + layout.STATE] & layout.FLAG_WEIGHTS) !== 0;
    const buckets = layout.bucketsFor(this.room);
    this.baseMs = words[at + layout.BASE_HIGH] * HIGH + words[at + layout.BASE_LOW];
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
    return this.words[this.at + layout.WEIGHT_HIGH] * HIGH + this.words[this.at + layout.WEIGHT_LOW];
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

  /** Time of the last strike, in milliseconds since the epoch; of no meaning where there was none. */
  get lastStrikeMs(): number {
    return this.baseMs + this.words[this.at + layout.LAST_STRIKE];
  }

  /** Warnings since the last quiet window; at most 255. */
  get warnings(): number {
    return this.words[this.at + layout.STATE] & 0xff;
  }

  /** Delays since the last quiet window; at most 255. */
  get delays(): number {
    return (this.words[this.at + layout.STATE] >>> 8) & 0xff;
  }

  /** Notes that the last event was warned of, delayed, or blocked. */
  strike(isWarning: boolean, isDelay: boolean): void {
    const { words, at } = this;
    if (isWarning && this.warnings < 255) words[at + layout.STATE] += layout.ONE_WARNING;
    if (isDelay && this.delays < 255) words[at + layout.STATE] += layout.ONE_DELAY;
    words[at + layout.LAST_STRIKE] = this.nowMs - this.baseMs;
  }

  /** Whether a matter this grave (1 to 7) was not reported within the window, nor a graver one. Notes that it is now. */
  isNews(gravity: number): boolean {
    const { words, at } = this;
    const known = words[at + layout.REPORTED];
    const knownGravity = known % layout.GRAVITIES;
    const now = this.nowMs - this.baseMs;
    if (knownGravity >= gravity && now - (known - knownGravity) < this.shape.windowMs) return false;
    words[at + layout.REPORTED] = now - (now % layout.GRAVITIES) + gravity;
    return true;
  }

  /** Forgets all strikes. */
  forgive(): void {
    this.words[this.at + layout.STATE] &= ~0xffff;
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

  /** The bots' own words. @param notes where they are copied to. */
  readNotes(notes: number[] = [0, 0, 0, 0]): number[] {
    const place = this.at + layout.NOTES;
    for (let i = 0; i < layout.NOTES_WORDS; i++) notes[i] = this.words[place + i];
    return notes;
  }

  writeNotes(notes: readonly number[]): void {
    const place = this.at + layout.NOTES;
    for (let i = 0; i < layout.NOTES_WORDS; i++) this.words[place + i] = notes[i];
  }

  /** How far the storage's copy is known, if this is one. */
  get position(): HistoryPosition {
    const { words, at } = this;
    if ((words[at + layout.STATE] & layout.FLAG_LOCAL) !== 0) return UNKNOWN_POSITION;
    const place = at + layout.POSITION;
    return { born: words[place], next: words[place + 1], revision: words[place + 2] };
  }

  /** Says how far this is a copy of the storage's; `undefined`: it holds events that the storage has not. */
  setPosition(position: HistoryPosition | undefined): void {
    const { words, at } = this;
    if (position === undefined) {
      words[at + layout.STATE] |= layout.FLAG_LOCAL;
      return;
    }
    words[at + layout.STATE] &= ~layout.FLAG_LOCAL;
    words[at + layout.POSITION] = position.born;
    words[at + layout.POSITION + 1] = position.next;
    words[at + layout.POSITION + 2] = position.revision;
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
