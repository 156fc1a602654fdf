import { UNKNOWN_POSITION } from '../storage/kept-history.js';
import type { HistoryPosition } from '../storage/storage.js';
import type { Words } from '../windows/packed-counter.js';
import * as layout from './history-layout.js';
import type { HistoryShape } from './history-shape.js';

const NO_WORDS: Words = new Uint32Array(layout.HEADER_WORDS);

/** What is noted of one actor beside its events, and the time from which all of its times count. */
export class ActorMarks {
  words: Words = NO_WORDS;
  /** Where the block begins. */
  at = 0;
  /** Of the last event added, in milliseconds since the epoch. */
  nowMs = 0;
  /** Time that the events' times count from, in milliseconds since the epoch. */
  protected baseMs = 0;

  constructor(public shape: HistoryShape) {}

  /** Looks at nothing, so that what it saw last can be freed. It must be pointed at a block before it is read again. */
  clearWords(): void {
    this.words = NO_WORDS;
    this.at = 0;
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

  protected readBase(): void {
    const { words, at } = this;
    this.baseMs = words[at + layout.BASE_HIGH] * layout.HIGH + words[at + layout.BASE_LOW];
  }

  /** Has times count from another one on: those of the last strike and report stay what they are, or become that of the base. */
  protected moveBase(timeMs: number): void {
    const { words, at } = this;
    const moved = this.baseMs - Math.floor(timeMs);
    words[at + layout.LAST_STRIKE] = Math.max(0, words[at + layout.LAST_STRIKE] + moved);
    const gravity = words[at + layout.REPORTED] % layout.GRAVITIES;
    const reported = Math.max(0, words[at + layout.REPORTED] - gravity + moved);
    words[at + layout.REPORTED] = reported - (reported % layout.GRAVITIES) + gravity;
    this.setBase(timeMs);
  }

  /** Has times count from this one on, for those before were in the future: the last strike becomes that of now, reports are forgotten. */
  protected restart(timeMs: number): void {
    this.setBase(timeMs);
    this.words[this.at + layout.LAST_STRIKE] = this.words[this.at + layout.REPORTED] = 0;
  }

  private setBase(timeMs: number): void {
    this.baseMs = Math.floor(timeMs);
    this.words[this.at + layout.BASE_HIGH] = Math.floor(timeMs / layout.HIGH);
    this.words[this.at + layout.BASE_LOW] = timeMs % layout.HIGH;
  }
}
