import { Logger } from '@nestjs/common';
import { MemoryStorage } from 'nestjs-behavior-guard';
import type {
  Ban,
  BanChange,
  BanRequest,
  BehaviorEvent,
  BehaviorStorage,
  Counter,
  RecordRequest,
  RecordResult,
  RuleQuery,
  StorageContext,
  StorageErrorPolicy,
} from 'nestjs-behavior-guard';
import { EventBus } from '../../lib/events/event-bus.js';
import { Reporter } from '../../lib/tracker/reporter.js';
import { StorageGateway } from '../../lib/tracker/storage-gateway.js';
import { LogBook, START_MS, TestClock } from '../http/support.js';

/** A storage in memory whose verbs fail on command, and that knows who asked for what. */
export class FlakyStorage implements BehaviorStorage {
  readonly inner = new MemoryStorage();
  readonly calls: string[] = [];
  /** Verbs that fail; `all` fails all but `findBan` and `close`. */
  readonly broken = new Set<string>();
  how: 'rejects' | 'throws' = 'rejects';

  start(context: StorageContext) {
    return this.answer('start', () => this.inner.start(context));
  }
  record(request: RecordRequest): RecordResult | Promise<RecordResult> {
    return this.answer('record', () => this.inner.record(request));
  }
  ban(request: BanRequest): Ban | Promise<Ban> {
    return this.answer('ban', () => this.inner.ban(request));
  }
  unban(actor: string, route?: string) {
    return this.answer('unban', () => this.inner.unban(actor, route));
  }
  findBan(actor: string, route?: string) {
    if (this.broken.has('findBan')) throw new Error('findBan broke');
    return this.inner.findBan(actor, route);
  }
  bans() {
    return this.answer('bans', () => this.inner.bans());
  }
  reset(actor: string) {
    return this.answer('reset', () => this.inner.reset(actor));
  }
  close() {
    this.inner.close();
  }
  count(verb: string): number {
    return this.calls.filter((call) => call === verb).length;
  }

  protected answer<T>(verb: string, ask: () => T): T | Promise<T> {
    this.calls.push(verb);
    if (!this.broken.has(verb) && !this.broken.has('all')) return ask();
    const error = new Error(`${verb}: no connection`);
    if (this.how === 'throws') throw error;
    return Promise.reject(error);
  }
}

/** One with a probe. */
export class ProbedStorage extends FlakyStorage {
  probe(): void | Promise<void> {
    return this.answer('probe', () => undefined);
  }
}

/** One with a probe and a write-back of its own. */
export class RestoringStorage extends ProbedStorage {
  readonly restored: (readonly BanChange[])[] = [];
  restore(changes: readonly BanChange[]): void | Promise<void> {
    return this.answer('restore', () => {
      this.restored.push(changes);
      for (const change of changes) {
        if (change.kind === 'lifted') this.inner.unban(change.actor, change.route);
        else {
          const { actor, route, since, until, reason } = change.ban;
          const where = route === undefined ? {} : { route };
          this.inner.ban({ actor, ...where, durationMs: until - since, reason, now: since });
        }
      }
    });
  }
}

/** The gateway over a storage, with a clock that stands still, a log and the events. */
export class Outage<S extends FlakyStorage> {
  readonly clock = new TestClock(START_MS);
  readonly logs = new LogBook();
  readonly events: BehaviorEvent[] = [];
  readonly gateway: StorageGateway;

  constructor(
    readonly storage: S,
    policy: StorageErrorPolicy = 'memory',
  ) {
    Logger.overrideLogger(this.logs);
    const bus = new EventBus([], 10, () => undefined, this.clock);
    bus.events$.subscribe((event) => this.events.push(event));
    const reporter = new Reporter(bus, this.clock, { logSuspiciousLevel: 'warn', logRequestLevel: false });
    this.gateway = new StorageGateway(storage, policy, this.clock, reporter);
  }

  static async start<S extends FlakyStorage>(storage: S, policy?: StorageErrorPolicy): Promise<Outage<S>> {
    const outage = new Outage(storage, policy);
    await outage.gateway.start();
    storage.calls.splice(0);
    return outage;
  }

  /** Opens the breaker by three failed requests. */
  async fall(): Promise<void> {
    this.storage.broken.add('all');
    for (let i = 0; i < 3; i++) await this.record('visitor');
    this.storage.calls.splice(0);
  }

  /** The storage works again, and two probes find that out. */
  async recover(): Promise<void> {
    this.storage.broken.clear();
    await this.pass(250);
    await this.pass(250);
  }

  record(actor: string, request: Partial<RecordRequest> = {}) {
    return this.gateway.record({ actor, deniedAlready: false, rules: TWICE, route: 'shop', ...request });
  }

  /** Lets time pass, and what falls due then finish. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await quiet();
  }

  get status(): string {
    return this.gateway.health().status;
  }

  /** Types of events, but for those of single calls. */
  eventsOf(...types: BehaviorEvent['type'][]): string[] {
    return this.events
      .filter(({ type }) => types.includes(type))
      .map(({ type, actor }) => `${type} ${actor}`.trim());
  }
}

/** A promise that settles when it is told to. */
export function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

/** Lets promises settle. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const counter = (name: string): Counter => ({
  scope: 'shop',
  name,
  kind: 'window',
  windowMs: 60_000,
  capacity: 2,
  class: 'attempts',
});
const query = (name: string): RuleQuery => ({
  counter: counter(name),
  rule: name,
  threshold: 2,
  cost: 1,
  denies: true,
  passive: false,
  cooldownMs: 60_000,
});

/** Allows two requests a minute. */
export const TWICE: readonly RuleQuery[] = [query('usage')];
/** Bans at the third request a minute, for ten minutes. */
export const TRAP: readonly RuleQuery[] = [
  {
    ...query('trap'),
    ban: { durationMs: 600_000, factor: 1, maxMs: 600_000, memoryMs: 600_000, reason: "rule 'trap'" },
  },
];
