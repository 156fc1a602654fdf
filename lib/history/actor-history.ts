import { addBusy, clearBusy } from './busy-window.js';
import { weightThousandths } from './event-code.js';
import * as layout from './history-layout.js';
import { HistoryView } from './history-view.js';

/** An event as it is kept. */
export interface PackedEvent {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** Hash of the target. */
  readonly target: number;
  /** Code of the action. */
  readonly action: number;
  /** Code of the weight. */
  readonly weight: number;
  /** Hash of who the actor says it is; 0: it says nothing. */
  readonly identity: number;
  readonly flags: number;
  /** Code of the outcome, where it is known already. */
  readonly outcome?: number;
}

const { COUNTS, FIRST, NEXT, TAIL } = layout;
/** Beyond it the numbers of events would not fit a word. */
const MOST_SEQUENCE = 0xffff_0000;

/**
 * The history of one actor, in the memory that `HistoryStore` points it at. All counts are kept up to date with each event: adding
 * one takes time that does not depend on how many there are, except where the actor repeats itself (at most `mostRepetitions`
 * steps). Times never decrease: an event that is late counts as of the newest; one that is late by more than a window means that
 * the newest was wrong, and everything is forgotten.
 */
export class ActorHistory extends HistoryView {
  /** Events of the last one's action and target within the window, it included; at most `mostRepetitions`. */
  repetitions = 0;

  /** Adds an event. There must be room for it, or no more to be had. */
  append(event: PackedEvent): void {
    const { words, at } = this;
    if (words[at + NEXT] >= MOST_SEQUENCE) this.clear();
    const offset = this.admit(event.timeMs);
    this.leave(offset);
    if (this.length >= this.most) this.dropOldest();
    const seq = words[at + NEXT];
    const place = this.placeOf(seq);
    let meta = event.action & layout.ACTION_MASK;
    if (this.shape.keepsFlags) {
      meta |= (event.flags & layout.FLAGS_MASK) << layout.FLAGS_SHIFT;
      meta |= (event.outcome ?? 0) << layout.OUTCOME_SHIFT;
    }
    if (this.isSwitch(seq, event)) meta |= layout.SWITCHED;
    words[place] = offset;
    words[place + 1] = event.target;
    words[place + 2] = meta;
    if (this.hasWeights) this.setWeightCode(seq, event.weight);
    if (event.identity !== 0) words[at + layout.IDENTITY] = event.identity;
    words[at + NEXT] = seq + 1;
    this.repetitions = this.count(seq);
    if (this.shape.busy) addBusy(words, this.busyStart, this.nowMs, this.shape.windowMs, event.target);
  }

  /** Counts all events within the window anew: after they were moved, or for another shape. O(events). */
  recount(): void {
    const { words, at } = this;
    const next = words[at + NEXT];
    words.fill(0, at + layout.HEADER_WORDS, this.eventsAt);
    words[at + COUNTS] &= 0xff << layout.ROOM_SHIFT;
    words[at + layout.WEIGHT_HIGH] = words[at + layout.WEIGHT_LOW] = 0;
    let tail = words[at + FIRST];
    const newest = next > tail ? words[this.placeOf(next - 1)] : 0;
    while (tail < next && newest - words[this.placeOf(tail)] >= this.shape.windowMs) tail++;
    words[at + TAIL] = tail;
    for (let seq = tail; seq < next; seq++) {
      const place = this.placeOf(seq) + 2;
      words[place] = (words[place] & (layout.NEWER - 1)) | (words[place] & layout.SWITCHED);
      this.count(seq);
    }
  }

  /** Forgets all events. */
  clear(): void {
    const { words, at } = this;
    words[at + NEXT] = words[at + FIRST] = words[at + TAIL] = 0;
    words[at + layout.IDENTITY] = 0;
    words.fill(0, at + layout.NOTES, at + layout.NOTES + layout.NOTES_WORDS);
    this.recount();
    if (this.shape.busy) clearBusy(words, this.busyStart);
  }

  /** @returns the event's time from the base on, at least the newest one's. */
  private admit(timeMs: number): number {
    let time = timeMs;
    if (this.length > 0) {
      const newest = this.timeMs(this.length - 1);
      if (time < newest - this.shape.windowMs) {
        this.clear();
        this.restart(time);
      } else if (time < newest) time = newest;
    }
    this.nowMs = time;
    if (this.length === 0) this.moveBase(time);
    const offset = time - this.baseMs;
    if (offset < layout.HIGH) return offset;
    this.rebase(time);
    return time - this.baseMs;
  }

  /** The oldest event becomes the base; where even that is too long ago, all times move up to what can be told. */
  private rebase(newestMs: number): void {
    const { words, at } = this;
    const before = this.baseMs;
    const base = Math.max(this.timeMs(0), newestMs - layout.HIGH + 1);
    for (let seq = words[at + FIRST]; seq < words[at + NEXT]; seq++) {
      const place = this.placeOf(seq);
      words[place] = Math.max(0, before + words[place] - base);
    }
    this.moveBase(base);
  }

  /** Lets go of what has left the window. */
  private leave(offset: number): void {
    const { words, at } = this;
    const { windowMs } = this.shape;
    // Nothing is older than the base, so there is no need to look.
    if (offset < windowMs) return;
    const next = words[at + NEXT];
    let tail = words[at + TAIL];
    while (tail < next && offset - words[this.placeOf(tail)] >= windowMs) {
      this.uncount(tail);
      words[at + TAIL] = ++tail;
    }
  }

  private dropOldest(): void {
    const { words, at } = this;
    const first = words[at + FIRST];
    if (words[at + TAIL] === first) {
      this.uncount(first);
      words[at + TAIL] = first + 1;
    }
    words[at + FIRST] = first + 1;
  }

  private uncount(seq: number): void {
    const { words, at } = this;
    const meta = words[this.placeOf(seq) + 2];
    if ((meta & layout.NEWER) === 0) words[at + COUNTS] -= layout.ONE_TARGET;
    if ((meta & layout.SWITCHED) !== 0) words[at + COUNTS] -= layout.ONE_SWITCH;
    // A gap counts as long as both of its ends do.
    if (seq + 1 < words[at + NEXT] && (words[this.placeOf(seq + 1) + 2] & layout.FITS) !== 0)
      words[at + COUNTS] -= layout.ONE_FIT;
    if (this.hasWeights) this.addWeight(-weightThousandths(this.weightCode(seq)));
  }

  private addWeight(thousandths: number): void {
    const weight = this.weight + thousandths;
    this.words[this.at + layout.WEIGHT_HIGH] = Math.floor(weight / layout.HIGH);
    this.words[this.at + layout.WEIGHT_LOW] = weight % layout.HIGH;
  }

  private isSwitch(seq: number, { target, identity }: PackedEvent): boolean {
    const { words, at } = this;
    const known = words[at + layout.IDENTITY];
    if (identity !== 0 && known !== 0 && identity !== known && words[at + TAIL] < seq) return true;
    if (seq < words[at + TAIL] + 2) return false;
    return words[this.placeOf(seq - 2) + 1] === target && words[this.placeOf(seq - 1) + 1] !== target;
  }

  /** Adds an event that is written to the counts. @returns how often its action and target occur. */
  private count(seq: number): number {
    const { words, at, shape } = this;
    const place = this.placeOf(seq);
    const tail = words[at + TAIL];
    words[at + COUNTS] += (words[place + 2] & layout.SWITCHED) === 0 ? 0 : layout.ONE_SWITCH;
    if (
      shape.intervalMs !== undefined &&
      seq > tail &&
      this.fitsPeriod(words[place] - words[this.placeOf(seq - 1)])
    ) {
      words[place + 2] |= layout.FITS;
      words[at + COUNTS] += layout.ONE_FIT;
    }
    if (this.hasWeights) this.addWeight(weightThousandths(this.weightCode(seq)));
    const repetitions = this.enterBucket(seq, place);
    if (!shape.keepsFlags) {
      const others = words[place + 2] & ~(layout.REPETITIONS_MASK << layout.REPETITIONS_SHIFT);
      words[place + 2] =
        others | (Math.min(repetitions, layout.REPETITIONS_MASK) << layout.REPETITIONS_SHIFT);
    }
    return repetitions;
  }

  private fitsPeriod(gapMs: number): boolean {
    const period = this.shape.intervalMs as number;
    return Math.abs(gapMs - period) <= this.shape.toleranceRatio * period;
  }

  /** Finds those of the same target, newest first, through the events of its bucket. */
  private enterBucket(seq: number, place: number): number {
    const { words, at, placeMask, bucketMask, eventsAt } = this;
    const tail = words[at + TAIL];
    const target = words[place + 1];
    const bucket = target & bucketMask;
    const head = at + layout.HEADER_WORDS + (bucket >>> 2);
    const shift = (bucket & 3) * 8;
    const kept = (words[head] >>> shift) & 0xff;
    words[head] = (words[head] & ~(0xff << shift)) | ((seq & placeMask) << shift);
    let before = seq - (((seq - kept - 1) & placeMask) + 1);
    const isCounted = tail === 0 && !this.shape.keepsFlags;
    let repetitions = 1;
    let isNew = true;
    // What is in its place by now may belong to another bucket.
    if (before >= tail && (words[eventsAt + (before & placeMask) * 3 + 1] & bucketMask) === bucket) {
      if (seq - before < 256) words[place + 2] |= (seq - before) << layout.LINK_SHIFT;
      const action = words[place + 2] & layout.ACTION_MASK;
      const most = this.shape.mostRepetitions;
      while (before >= tail && repetitions < most) {
        const other = eventsAt + (before & placeMask) * 3;
        const meta = words[other + 2];
        if (words[other + 1] === target) {
          if (isNew) words[other + 2] = meta | layout.NEWER;
          isNew = false;
          if ((meta & layout.ACTION_MASK) === action) {
            // As long as nothing has left, all that this one followed are still there.
            if (isCounted) return Math.min(repetitionsOf(meta) + 1, most);
            repetitions++;
          }
        }
        if (meta >>> layout.LINK_SHIFT === 0) break;
        before -= meta >>> layout.LINK_SHIFT;
      }
    }
    if (isNew) words[at + COUNTS] += layout.ONE_TARGET;
    return repetitions;
  }
}

function repetitionsOf(meta: number): number {
  return (meta >>> layout.REPETITIONS_SHIFT) & layout.REPETITIONS_MASK;
}
