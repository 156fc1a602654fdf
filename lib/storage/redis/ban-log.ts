import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import type { Ban } from '../storage.js';
import { banJson, changeOf, readChange, type PlacedChange } from './ban-change.js';
import type { BanMirror } from './ban-mirror.js';
import type { Commands } from './commands.js';
import type { Connection } from './connection.js';

/** A change that was lost on the way is found after this long at most. */
const POLL_MS = 5_000;
/** Until the log is tried again that could not be read. */
const RETRY_MS = 250;
const PAGE = 1_000;
const EMPTY = '0-0';
/** Bans written back at once. */
const RESTORE_BATCH = 100;
/** Changes kept for sending again. */
const MOST_UNSENT = 100_000;

/** A change on its way to the other instances. */
interface Outgoing {
  readonly change: PlacedChange;
  /** When it was lifted; `undefined`: when Redis hears of it. */
  readonly at: number | undefined;
  readonly fresh: boolean;
}

/** What a `BanLog` works with. */
export interface BanLogParts {
  readonly commands: Commands;
  readonly connection: Connection;
  readonly mirror: BanMirror;
  /** Of real time. */
  readonly clock: Clock;
  readonly channel: () => string;
  /** Explicit time, if there is one. */
  readonly now: () => number | undefined;
  /** Writes back a ban that this instance knows and Redis has lost. */
  readonly restore: (ban: Ban) => Promise<void>;
}

/**
 * Keeps the mirrors of all instances alike: enters what changes here into the log, and follows the log. Messages bring a
 * change within milliseconds; each names the one before it, so that a gap is noticed, and every five seconds the log is read
 * on in any case. An instance whose place in the log is gone reads the whole index, page by page.
 */
export class BanLog {
  /** Names this instance in its own entries, for people who read the log. */
  private readonly origin = randomUUID();
  /** Entry up to which the mirror is; `undefined`: the index has to be read first. */
  private last: string | undefined;
  /** Bans that could not be announced, by place. */
  private readonly unsent = new Map<string, Outgoing>();
  private running: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  private cancelPoll: (() => void) | undefined;
  private closed = false;

  constructor(private readonly parts: BanLogParts) {}

  /** Reads the index, and follows the log from then on. */
  async start(): Promise<void> {
    const { connection, channel } = this.parts;
    await connection.listen(
      channel(),
      (message) => this.hear(message),
      () => this.follow(),
    );
    await this.sync();
    this.expectNext(POLL_MS);
  }

  /** Tells the other instances of a ban. Never rejects: what can't be sent is sent with the next `sync`. */
  async announceBan(ban: Ban, fresh: boolean): Promise<void> {
    await this.enter({ change: changeOf(ban), at: ban.since, fresh }).catch(ignore);
  }

  /** Enters a ban that is not new. @returns whether it holds: nothing newer is known. @throws what keeps it from being entered. */
  async enterBan(ban: Ban): Promise<boolean> {
    return (await this.enter({ change: changeOf(ban), at: ban.since, fresh: false })) !== 0;
  }

  /**
   * Tells the other instances that a ban is lifted.
   *
   * @param at when, in ms; `undefined`: now. @returns when, or 0 if a newer ban stays. @throws what keeps it from being entered.
   */
  async announceLifting(place: string, at: number | undefined): Promise<number> {
    const change = { place, at: at ?? 0, ban: undefined };
    return this.enter({ change, at, fresh: at === undefined });
  }

  /** Brings the mirror up to what Redis knows now. @throws what keeps it from that. */
  sync(): Promise<void> {
    if (this.running === undefined) return this.run();
    // What runs now may have read already: another run, for everybody who asks until it begins.
    this.queued ??= this.running.catch(ignore).then(() => {
      this.queued = undefined;
      return this.run();
    });
    return this.queued;
  }

  /** Stops following. */
  close(): void {
    this.closed = true;
    this.cancelPoll?.();
  }

  private run(): Promise<void> {
    this.running = this.readOn().finally(() => (this.running = undefined));
    return this.running;
  }

  /** Reads on now, and again when it is time to: soon where that fails, as when messages come through before commands do. */
  private follow(): void {
    this.sync().then(
      () => this.expectNext(POLL_MS),
      () => this.expectNext(RETRY_MS),
    );
  }

  private expectNext(delayMs: number): void {
    this.cancelPoll?.();
    if (!this.closed) this.cancelPoll = this.parts.clock.schedule(() => this.follow(), delayMs);
  }

  private hear(message: string): void {
    const [id, previous, , place, text] = message.split('\n');
    if (previous !== this.last || this.running !== undefined) {
      this.follow();
      return;
    }
    this.last = id;
    this.take(place, text);
  }

  private async readOn(): Promise<void> {
    // Repeated, so not fresh: its first message may be heard before its answer, and it may have been lifted since, within a ms.
    for (const outgoing of [...this.unsent.values()]) await this.enter({ ...outgoing, fresh: false });
    if (this.last === undefined) await this.load();
    for (;;) {
      const from = this.last as string;
      const entries = await this.parts.commands.readLog(from);
      const known =
        from === EMPTY ? entries.length === 0 && !(await this.isIndexLost()) : entries[0]?.[0] === from;
      if (!known) {
        await this.load();
        continue;
      }
      for (const [id, fields] of entries.slice(1)) {
        this.last = id;
        const [, place, , text] = fields;
        this.take(place, text);
      }
      if (entries.length < PAGE) return;
    }
  }

  /** Reads the whole index. What is known here and not there, not even as lifted, was lost there, and is written back. */
  private async load(): Promise<void> {
    const { commands, mirror, restore } = this.parts;
    const end = await commands.logEnd();
    const places = new Set<string>();
    let cursor = '0';
    do {
      const [next, entries] = await commands.scanIndex(cursor);
      for (let i = 0; i < entries.length; i += 2) {
        places.add(entries[i]);
        this.take(entries[i], entries[i + 1]);
      }
      cursor = next;
    } while (cursor !== '0');
    const lost = mirror.all().filter((ban) => !places.has(changeOf(ban).place));
    for (let i = 0; i < lost.length; i += RESTORE_BATCH) {
      await Promise.all(lost.slice(i, i + RESTORE_BATCH).map(restore));
    }
    this.last = end;
  }

  /**
   * Of an empty log nothing can be missing, so it doesn't tell; the index does, which lasts as long as the bans. Those that
   * are known before it is read have been sent to it before, so a ban that has just begun is never taken for a lost one.
   */
  private async isIndexLost(): Promise<boolean> {
    const { commands, mirror } = this.parts;
    if (mirror.all().length === 0) return false;
    const [cursor, entries] = await commands.scanIndex('0');
    return cursor === '0' && entries.length === 0;
  }

  /** Own entries, too: of changes within one millisecond the log knows the order, and ends alike everywhere. */
  private take(place: string, text: string): void {
    const change = readChange(place, text);
    if (change) this.parts.mirror.apply(change);
  }

  /** @returns the time of the change, or 0 if a newer one stays. */
  private async enter(outgoing: Outgoing): Promise<number> {
    const { change, at, fresh } = outgoing;
    const { place, ban } = change;
    // A lifting that fails is said to have failed, and is repeated by whoever asked for it.
    if (ban && this.unsent.size < MOST_UNSENT) this.unsent.set(place, outgoing);
    const { commands, now, channel } = this.parts;
    const enteredAt = await commands.announce({
      place,
      now: now(),
      at,
      ...(ban ? { ban: { until: ban.until, json: banJson(ban) } } : {}),
      fresh,
      channel: channel(),
      origin: this.origin,
    });
    if (!ban || this.unsent.get(place) === outgoing) this.unsent.delete(place);
    return enteredAt;
  }
}

/** What fails here is tried again, and shows in the commands of requests. */
function ignore(): void {}
