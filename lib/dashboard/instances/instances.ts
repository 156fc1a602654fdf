import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../../clock/clock.js';
import type { InstanceBoard, MaybePromise } from '../../storage/storage.js';
import { errorText } from '../../tracker/reporter.js';
import { cut } from '../statistics/event-view.js';
import type { LiveStatistics } from '../statistics/live-statistics.js';
import { CombinedStatistics } from './combined-statistics.js';
import { noticeText, readNotice } from './notice.js';
import type { InstanceIdentity, Notice } from './notice.js';

/** How often an instance tells the others how it is, and how often it reads what they tell, at most. */
const EVERY_MS = 1000;
/** How long an instance counts as alive that is not heard of. */
const NOTICE_TTL_MS = 5000;

/** A board that does not answer must hold neither pages nor the next notice. */
const LONGEST_CALL_MS = 2000;

/** Of which instances a page shows the numbers. */
export type Scope = 'all' | 'this';

/** One instance, as pages list it. */
export interface InstanceView extends InstanceIdentity {
  /** Whether it is the one that answers. */
  readonly isThis: boolean;
  readonly requestsPerSecond: number;
  readonly denialsPerSecond: number;
}

/** Whose numbers are shown. */
export interface InstancesView {
  readonly scope: Scope;
  /** Whether the storage lets instances know of each other. */
  readonly isShared: boolean;
  /** This one first, others by name. */
  readonly list: readonly InstanceView[];
  /** Why the others are not there. */
  readonly problem?: string;
}

/** What `Instances` works with. */
export interface InstancesParts {
  /** Absent: the storage has none. */
  readonly board: InstanceBoard | undefined;
  readonly statistics: LiveStatistics;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/**
 * The instances of the application: tells the others once a second what this one has counted, and reads what they tell, once a
 * second at most and only when asked to. Never on the path of a request; nothing in it rejects.
 */
export class Instances {
  readonly statistics: Readonly<Record<Scope, CombinedStatistics>>;
  private readonly identity: InstanceIdentity;
  private others: readonly Notice[] = [];
  private problem: string | undefined;
  private readAtMs = -Infinity;
  private reading: Promise<void> | undefined;
  private cancel: (() => void) | undefined;
  private isFailing = false;
  private closed = false;

  constructor(private readonly parts: InstancesParts) {
    const { clock, statistics } = parts;
    const name = `${cut(hostname(), 48)}:${process.pid}`;
    this.identity = { id: randomBytes(8).toString('hex'), name, since: clock.now() };
    const now = (): number => clock.now();
    this.statistics = {
      all: new CombinedStatistics(statistics, now, () => this.others),
      this: new CombinedStatistics(statistics, now, () => []),
    };
  }

  /** Begins to tell the others, if they can be told. */
  start(): void {
    if (this.parts.board) void this.tell(this.parts.board);
  }

  /** Takes this instance from the list of the others. */
  close(): void {
    this.closed = true;
    this.cancel?.();
    const { board } = this.parts;
    if (board) void this.publish(board, '').catch(() => undefined);
  }

  /** Reads what the others tell, unless that was read within the last second. */
  refresh(): Promise<void> {
    const { board, clock } = this.parts;
    if (!board || this.closed) return Promise.resolve();
    if (this.reading) return this.reading;
    if (clock.now() - this.readAtMs < EVERY_MS) return Promise.resolve();
    this.readAtMs = clock.now();
    this.reading = this.read(board).finally(() => (this.reading = undefined));
    return this.reading;
  }

  /** Whose numbers `statistics[scope]` has, as of the last `refresh`. */
  view(scope: Scope): InstancesView {
    const { board, statistics } = this.parts;
    const shown = scope === 'all' ? this.others : [];
    return {
      scope,
      isShared: board !== undefined,
      list: [
        viewOf({ ...this.identity, totals: statistics.totals() }, true),
        ...shown.map((notice) => viewOf(notice, false)),
      ],
      ...(scope === 'all' && this.problem !== undefined ? { problem: this.problem } : {}),
    };
  }

  private async read(board: InstanceBoard): Promise<void> {
    try {
      const found: Notice[] = [];
      for (const { instance, text } of await this.inTime(() => board.readAll())) {
        if (instance === this.identity.id) continue;
        const notice = readNotice(text);
        if (notice?.id === instance) found.push(notice);
        // Reading the notices of many instances must not keep requests waiting.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      this.others = found.sort((a, b) => (a.name === b.name ? a.since - b.since : a.name < b.name ? -1 : 1));
      this.problem = undefined;
    } catch (error) {
      this.others = [];
      this.problem = errorText(error);
    }
  }

  private async tell(board: InstanceBoard): Promise<void> {
    const { clock, statistics, warn } = this.parts;
    try {
      await this.publish(board, noticeText(statistics, this.identity, clock.now()));
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing)
        warn(`dashboard: the other instances can't be told of this one: ${errorText(error)}`);
      this.isFailing = true;
    }
    if (!this.closed) this.cancel = clock.schedule(() => void this.tell(board), EVERY_MS);
  }

  private async publish(board: InstanceBoard, text: string): Promise<void> {
    await this.inTime(() => board.publish({ instance: this.identity.id, text, ttlMs: NOTICE_TTL_MS }));
  }

  private inTime<T>(call: () => MaybePromise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = new Error(`no answer within ${LONGEST_CALL_MS / 1000} s`);
      const cancel = this.parts.clock.schedule(() => reject(late), LONGEST_CALL_MS);
      const asked = async (): Promise<T> => call();
      asked().then(resolve, reject).finally(cancel);
    });
  }
}

function viewOf(
  { id, name, since, totals }: InstanceIdentity & Pick<Notice, 'totals'>,
  isThis: boolean,
): InstanceView {
  const { requestsPerSecond, denialsPerSecond } = totals;
  return { id, name, since, isThis, requestsPerSecond, denialsPerSecond };
}
