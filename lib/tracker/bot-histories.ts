import type { ActorMemory } from '../bots/bot-request.js';
import { closeMemory, enterMemory } from '../bots/actor-memory.js';
import { isAsset } from '../bots/event-flags.js';
import {
  readVisitText,
  visitText,
  type Arrival,
  type Departure,
  type VisitEntry,
} from '../bots/visit-text.js';
import type { Clock } from '../clock/clock.js';
import type { ActorHistory } from '../history/actor-history.js';
import { UNIT_WEIGHT, outcomeOf } from '../history/event-code.js';
import { HistoryShapes } from '../history/history-shape.js';
import { HistoryStore } from '../history/history-store.js';
import { UNKNOWN_POSITION } from '../storage/kept-history.js';
import type { HistoryNews, HistoryQuery } from '../storage/storage.js';
import { followNews } from './follow-news.js';

/** Reports of a client that are as grave are this long apart. */
const REPORT_MS = 3_600_000;
/** Clients remembered at most: 900 bytes each, usually some hundred. */
const MOST_ACTORS = 100_000;
/** How long an idle client is remembered: few attackers are in a hurry. */
const KEEP_MS = 7 * 86_400_000;
const SHAPE = new HistoryShapes().shapeOf({
  windowMs: REPORT_MS,
  events: 64,
  mostRepetitions: 2,
  keepsFlags: true,
  intervalMs: undefined,
  toleranceRatio: 0,
  busy: false,
  keepMs: KEEP_MS,
});
/** Entries in a storage: a request and its end each. */
const MOST_KEPT = 128;
const MOST_WAITING = 10_000;
const MOST_WAITING_EACH = 8;

/** What clients did, as the bot signals need to know it: the last 64 requests of each, told to all instances where the storage can. */
export class BotHistories {
  private readonly store: HistoryStore;
  /** Ends of requests that other instances are told of with the next request. */
  private readonly waiting = new Map<string, VisitEntry[]>();
  /** Worked on by every request. */
  private readonly words = [0, 0, 0, 0];

  constructor(clock: Clock) {
    this.store = new HistoryStore({ maxActors: MOST_ACTORS, clock }, SHAPE);
  }

  /** A copy of a client's memory, if it is known. */
  memoryOf(actor: string): ActorMemory | undefined {
    return this.store.find(actor, SHAPE)?.readNotes();
  }

  /** What to ask a storage that keeps histories, so that it adds these. Ends of requests that could wait go with them. */
  queryOf(actor: string, entries: readonly VisitEntry[]): HistoryQuery {
    const known = this.store.find(actor, SHAPE)?.position ?? UNKNOWN_POSITION;
    const waiting = this.waiting.get(actor) ?? [];
    this.waiting.delete(actor);
    return {
      name: 'bots',
      events: [...waiting, ...entries].map(visitText),
      most: MOST_KEPT,
      keepMs: KEEP_MS,
      known,
    };
  }

  /** Lets an end of a request wait for the next request of its client here. */
  wait(actor: string, entry: VisitEntry): void {
    const before = this.waiting.get(actor);
    if (before) before.push(entry);
    else if (this.waiting.size < MOST_WAITING) this.waiting.set(actor, [entry]);
    if (before && before.length > MOST_WAITING_EACH) before.shift();
  }

  /** Takes in a request, for this instance alone. @returns the client's history. */
  enter(actor: string, timeMs: number, entry: Arrival): ActorHistory {
    const history = this.store.open(actor, SHAPE, timeMs);
    this.add(history, entry, timeMs);
    history.setPosition(undefined);
    return history;
  }

  /** Takes in how a request ended, for this instance alone. */
  settle(actor: string, departure: Departure): void {
    const history = this.store.find(actor, SHAPE);
    if (!history) return;
    this.end(history, departure);
    history.setPosition(undefined);
  }

  /**
   * Takes in what has come and ended.
   *
   * @param news what a storage answered to `queryOf`; absent: the entries are taken in for this instance alone.
   * @param onArrival told of the memory from before each request that is added. @returns the client's history.
   */
  follow(
    actor: string,
    timeMs: number,
    entries: readonly VisitEntry[],
    news: HistoryNews | undefined,
    onArrival: (before: ActorMemory | undefined) => void = () => {},
  ): ActorHistory {
    const history = this.store.open(actor, SHAPE, news?.events[0].timeMs ?? timeMs);
    if (news) {
      followNews(history, news, ({ event, timeMs: keptMs }) =>
        this.apply(history, readVisitText(event), keptMs, onArrival),
      );
    } else {
      for (const entry of entries) this.apply(history, entry, timeMs, onArrival);
      history.setPosition(undefined);
    }
    return history;
  }

  /** The client that was followed last is forgotten last. */
  keep(): void {
    this.store.keep();
  }

  forget(actor: string): void {
    this.store.forget(actor);
    this.waiting.delete(actor);
  }

  /** Releases its timer. */
  close(): void {
    this.store.close();
  }

  private apply(
    history: ActorHistory,
    entry: VisitEntry,
    timeMs: number,
    onArrival: (before: ActorMemory | undefined) => void,
  ): void {
    if (entry.kind === 'departure') {
      this.end(history, entry);
      return;
    }
    onArrival(history.length === 0 ? undefined : history.readNotes());
    this.add(history, entry, timeMs);
  }

  private add(history: ActorHistory, entry: Arrival, timeMs: number): void {
    const isNew = history.length === 0;
    const { target, action, flags } = entry;
    const words = history.readNotes(this.words);
    this.store.append({ timeMs, target, action, weight: UNIT_WEIGHT, identity: 0, flags });
    enterMemory(words, isNew, entry, history.nowMs, isAsset(flags));
    history.writeNotes(words);
  }

  private end(history: ActorHistory, { target, outcome, flags }: Departure): void {
    if (!history.settle(target, outcome, flags)) return;
    const words = history.readNotes(this.words);
    closeMemory(words, outcomeOf(outcome));
    history.writeNotes(words);
  }
}
