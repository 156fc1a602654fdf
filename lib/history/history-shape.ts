import { MOST_EVENTS } from './history-layout.js';

/** What a history has to know. */
export interface HistoryNeeds {
  /** Window of the counts, in milliseconds: an integer >= 1. */
  readonly windowMs: number;
  /** Events to be held at most, 4 to 255. */
  readonly events: number;
  /** Events of one action and target are counted up to this. */
  readonly mostRepetitions: number;
  /** Whether outcome and flags of events are kept; else repetitions are, which makes counting them cheaper. */
  readonly keepsFlags: boolean;
  /** A period whose gaps are counted. */
  readonly intervalMs: number | undefined;
  /** How far a gap may be from the period, as a part of it. */
  readonly toleranceRatio: number;
  /** More events or targets than are held have to be counted: in sub-buckets, and by estimate. */
  readonly busy: boolean;
  /** How long an idle actor is remembered, in milliseconds; at least the window. */
  readonly keepMs: number;
}

/** Needs with a number, by which a history knows whether it was counted for them. */
export interface HistoryShape extends HistoryNeeds {
  /** 1 to 255. */
  readonly id: number;
}

const MOST_SHAPES = 255;

/** Gives equal needs the same number. */
export class HistoryShapes {
  private readonly known = new Map<string, HistoryShape>();
  private last = 0;

  shapeOf(needs: HistoryNeeds): HistoryShape {
    const events = Math.max(4, Math.min(needs.events, MOST_EVENTS));
    const { windowMs, mostRepetitions, keepsFlags, intervalMs, toleranceRatio, busy, keepMs } = needs;
    const given = [windowMs, events, mostRepetitions, keepsFlags, intervalMs, toleranceRatio, busy, keepMs];
    const key = JSON.stringify(given);
    const known = this.known.get(key);
    if (known) return known;
    // After 255 replacements a number is used again: a history that was idle meanwhile is then counted for the wrong window until
    // its events have left it.
    this.last = (this.last % MOST_SHAPES) + 1;
    if (this.known.size >= MOST_SHAPES) this.known.clear();
    const shape = { ...needs, events, id: this.last };
    this.known.set(key, shape);
    return shape;
  }
}
