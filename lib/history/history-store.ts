import type { Clock } from '../clock/clock.js';
import { ActorHash, randomHashKey } from '../storage/memory/actor-hash.js';
import { ActorIndex } from '../storage/memory/actor-index.js';
import { IndexSweep } from '../storage/memory/index-sweep.js';
import { FLAGS, NO_SEGMENT, SEEN_ONCE, VIOLATOR } from '../storage/memory/segment.js';
import { Slab } from '../storage/memory/slab.js';
import { Sweeper } from '../storage/sweeper.js';
import { ActorHistory, type PackedEvent } from './actor-history.js';
import { BUSY_WORDS, addBusy, clearBusy } from './busy-window.js';
import { UNIT_WEIGHT } from './event-code.js';
import * as layout from './history-layout.js';
import type { HistoryShape } from './history-shape.js';

/** Above this room events that have left the window make place for new ones. */
const MOST_IDLE_ROOM = 64;
const PARTITION = 1;
/** Asking for the time costs as much as adding an event. */
const ASK_EVERY = 63;

/** Settings of a `HistoryStore`. */
export interface HistoryStoreOptions {
  /** Actors remembered at most: an integer >= 1. Beyond it those that have expired, or were seen once, go first. */
  readonly maxActors: number;
  /** By which idle actors are forgotten. */
  readonly clock: Clock;
  /** Of the hash; secret unless in tests. */
  readonly key?: readonly [number, number];
}

/**
 * The histories of all actors, packed: some 100 bytes for an actor of one event, 900 for one of 64, at most 4 KB and an entry of
 * the index of 20 to 40 bytes. Actors are kept as keyed 64-bit hashes.
 *
 * What `open` and `find` return shows one actor at a time: read it before the next call.
 */
export class HistoryStore {
  private readonly slab = new Slab();
  private readonly index: ActorIndex;
  private readonly hash: ActorHash;
  private readonly clock: Clock;
  private readonly sweeper: Sweeper;
  private readonly history: ActorHistory;
  /** Where a history comes from that moves. */
  private readonly old: ActorHistory;
  private segment = NO_SEGMENT;
  private slot = -1;
  /** Whom segment and slot belong to, as long as the index has this version. */
  private actor: string | undefined;
  private version = -1;
  /** What the clock said, and for how many events it is not asked again. */
  private askedMs = 0;
  private untilAsked = 0;

  constructor(options: HistoryStoreOptions, shape: HistoryShape) {
    this.index = new ActorIndex(this.slab, options.maxActors);
    this.hash = new ActorHash(options.key ?? randomHashKey());
    this.clock = options.clock;
    this.history = new ActorHistory(shape);
    this.old = new ActorHistory(shape);
    const sweep = new IndexSweep(this.index);
    this.sweeper = new Sweeper(this.clock, { sweep: (nowMs) => this.letGo(sweep.sweep(nowMs)) });
  }

  /** Actors remembered. */
  get size(): number {
    return this.index.size;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.index.bytes + this.slab.bytes;
  }

  /** The history of an actor, of this shape, made where there is none. O(events held) where it had another shape. */
  open(actor: string, shape: HistoryShape, timeMs: number): ActorHistory {
    return this.find(actor, shape) ?? this.create(shape, timeMs);
  }

  /** The history of an actor, if there is one. */
  find(actor: string, shape: HistoryShape): ActorHistory | undefined {
    const { history } = this;
    this.locate(actor);
    if (this.slot < 0) return undefined;
    this.look(history, this.segment.referenceAt(this.slot), shape);
    if (shapeIdOf(history) !== shape.id) this.move(history.room, history.hasWeights);
    return history;
  }

  /** Adds an event to the history that was opened last. */
  append(event: PackedEvent): ActorHistory {
    const { history, segment } = this;
    const { room, hasWeights } = history;
    const needsWeights = hasWeights || event.weight !== UNIT_WEIGHT;
    const isFull = history.length === room && room < history.shape.events;
    const isCrowded = isFull && (room < MOST_IDLE_ROOM || history.recent * 2 > room);
    if (isCrowded || needsWeights !== hasWeights) {
      this.move(isCrowded ? room * 2 : room, needsWeights);
    }
    history.append(event);
    if (this.slot < 0) return history;
    segment.extend(this.slot, this.expirySeconds(event.timeMs));
    const reference = segment.referenceAt(this.slot);
    if (history.length > 1 && (reference & SEEN_ONCE) !== 0)
      segment.setReference(this.slot, (reference & ~SEEN_ONCE) >>> 0);
    return history;
  }

  /** The actor that was opened last is evicted last. */
  keep(): void {
    if (this.slot < 0) return;
    const reference = this.segment.referenceAt(this.slot);
    this.segment.setReference(this.slot, (reference | VIOLATOR) >>> 0);
  }

  /** Forgets an actor. */
  forget(actor: string): void {
    this.locate(actor);
    if (this.slot >= 0) this.index.remove(this.segment, this.slot);
  }

  /** Cancels the timer. */
  close(): void {
    this.sweeper.stop();
  }

  /** Nobody is remembered any more: what was looked at last must not keep its memory alive. */
  private letGo(nextMs: number): number {
    if (this.size === 0) for (const view of [this.history, this.old]) view.clearWords();
    return nextMs;
  }

  /** One request looks for its actor several times in a row. */
  private locate(actor: string): void {
    const { hash, index } = this;
    if (actor === this.actor && index.version === this.version) return;
    hash.absorb(actor);
    hash.finish(PARTITION);
    this.segment = index.segmentOf(hash.high);
    this.slot = this.segment.find(hash.low, hash.high);
    this.actor = actor;
    this.version = index.version;
  }

  private create(shape: HistoryShape, timeMs: number): ActorHistory {
    const { history, index, hash } = this;
    const reference = this.slab.allocate(wordsOf(layout.SMALLEST_ROOM, false, shape));
    if (reference === 0) {
      // 8 GiB of histories: what comes now is judged by itself.
      this.slot = -1;
      history.words = new Uint32Array(wordsOf(layout.SMALLEST_ROOM, false, shape));
      history.at = 0;
    } else {
      history.words = this.slab.chunkOf(reference).words;
      history.at = this.slab.offset(reference);
      const expiry = this.expirySeconds(timeMs, shape);
      this.slot = index.insert(this.segment, hash.low, hash.high, reference, expiry, this.nowSeconds);
      this.version = index.version;
      this.sweeper.expect(IndexSweep.dueMs(expiry, this.clock.now()));
    }
    const { words, at } = history;
    words.fill(0, at, at + wordsOf(layout.SMALLEST_ROOM, false, shape));
    words[at + layout.COUNTS] = Math.log2(layout.SMALLEST_ROOM) << layout.ROOM_SHIFT;
    words[at + layout.STATE] = shape.id << layout.SHAPE_SHIFT;
    history.point(words, at, shape);
    return history;
  }

  /** Moves the opened history into a block of this room, counted for its shape. Does nothing if memory is exhausted. */
  private move(room: number, hasWeights: boolean): void {
    const { history, old, segment } = this;
    const { shape } = history;
    const before = this.slot < 0 ? 0 : segment.referenceAt(this.slot);
    const reference = this.slab.allocate(wordsOf(room, hasWeights, shape));
    if (reference === 0 || before === 0) return;
    this.look(old, before, shape);
    const wasBusy = shape.busy && shapeIdOf(old) === shape.id;
    const { words } = this.slab.chunkOf(reference);
    const at = this.slab.offset(reference);
    words.set(old.words.subarray(old.at, old.at + layout.HEADER_WORDS), at);
    words[at + layout.COUNTS] = (Math.log2(room) << layout.ROOM_SHIFT) >>> 0;
    const kept = words[at + layout.STATE] & ~(layout.FLAG_WEIGHTS | (0xff << layout.SHAPE_SHIFT));
    words[at + layout.STATE] =
      kept | (shape.id << layout.SHAPE_SHIFT) | (hasWeights ? layout.FLAG_WEIGHTS : 0);
    history.point(words, at, shape);
    copyEvents(old, history);
    history.recount();
    if (wasBusy) words.set(old.busyPart, history.busyStart);
    else if (shape.busy) countBusy(history);
    this.slab.release((before & ~FLAGS) >>> 0);
    segment.setReference(this.slot, (reference | (before & FLAGS)) >>> 0);
  }

  private look(history: ActorHistory, reference: number, shape: HistoryShape): void {
    const block = (reference & ~FLAGS) >>> 0;
    history.point(this.slab.chunkOf(block).words, this.slab.offset(block), shape);
  }

  /** By the clock where events are old, as in a replay: they then stay as long as new ones. It is asked once in a while. */
  private expirySeconds(timeMs: number, { keepMs } = this.history.shape): number {
    if (--this.untilAsked < 0) {
      this.untilAsked = ASK_EVERY;
      this.askedMs = this.clock.now();
    }
    return Math.ceil((Math.max(timeMs, this.askedMs) + keepMs) / 1_000) + 1;
  }

  private get nowSeconds(): number {
    return Math.floor(this.clock.now() / 1_000);
  }
}

function wordsOf(room: number, hasWeights: boolean, { busy }: HistoryShape): number {
  return layout.historyWords(room, hasWeights) + (busy ? BUSY_WORDS : 0);
}

function shapeIdOf({ words, at }: ActorHistory): number {
  return (words[at + layout.STATE] >>> layout.SHAPE_SHIFT) & 0xff;
}

function copyEvents(from: ActorHistory, to: ActorHistory): void {
  const next = from.words[from.at + layout.NEXT];
  const first = Math.max(from.words[from.at + layout.FIRST], next - to.most);
  to.words[to.at + layout.FIRST] = first;
  for (let seq = first; seq < next; seq++) {
    const source = from.placeOf(seq);
    const place = to.placeOf(seq);
    for (let word = 0; word < layout.EVENT_WORDS; word++) to.words[place + word] = from.words[source + word];
    if (to.hasWeights) to.setWeightCode(seq, from.weightCode(seq));
  }
}

function countBusy(history: ActorHistory): void {
  clearBusy(history.words, history.busyStart);
  const first = history.length - history.recent;
  for (let i = first; i < history.length; i++)
    addBusy(history.words, history.busyStart, history.timeMs(i), history.shape.windowMs, history.target(i));
}
