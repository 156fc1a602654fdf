import type {
  Ban,
  BanTerms,
  BehaviorStorage,
  Counter,
  MaybePromise,
  RecordRequest,
  RecordResult,
  RuleOutcome,
  RuleQuery,
  StorageContext,
} from '../../storage/storage.js';
import { ManualClock } from '../manual-clock.js';

/** What `storageContract` needs of a test runner: Jest, Vitest, Mocha and `node:test` have it. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** What `storageContract` needs to know of a storage. */
export interface StorageContractOptions {
  /** Shown in the names of the tests. */
  readonly name: string;
  /** Makes an empty storage, not yet started, for one test. */
  readonly create: (context: StorageContext) => MaybePromise<BehaviorStorage>;
  /** Disposes of a storage after its test; by default calls its `close`. */
  readonly destroy?: (storage: BehaviorStorage) => MaybePromise<void>;
  /** Waits for what the storage does in the background, after time has moved or a ban has changed. */
  readonly settle?: (storage: BehaviorStorage) => MaybePromise<void>;
  /** What the storage can do; everything but histories by default. */
  readonly capabilities?: StorageCapabilities;
  /** Steps of each random trace, 2000 by default. */
  readonly randomSteps?: number;
  /** Seed of the random traces; printed where one fails. By default another one each time. */
  readonly seed?: number;
  /** By default the global `describe` and `it`. */
  readonly runner?: TestRunner;
}

/** Where a storage may fall short, with good reason. */
export interface StorageCapabilities {
  /** Honours `now` of requests. If not, it must go by the clock of its context, and never sees time go back. */
  readonly explicitTime?: boolean;
  /** Calls `onBanEnd` when a ban has run out, not only when it is lifted. */
  readonly announcesExpiry?: boolean;
  /** Keeps histories, as its `keepsHistory` says. If not, which is the default, nothing of them is tested but that it says so. */
  readonly keepsHistory?: boolean;
}

/** One call of `onBanEnd`. */
export interface EndedBan {
  readonly ban: Ban;
  readonly how: 'expired' | 'lifted';
}

/** One storage under test and its time. */
export class Scenario {
  /** When the scenario began, in milliseconds since the epoch: the start of a year. */
  readonly startMs: number;

  private constructor(
    private readonly options: StorageContractOptions,
    readonly storage: BehaviorStorage,
    readonly clock: ManualClock,
    /** What `onBanEnd` was called with. */
    readonly ended: readonly EndedBan[],
  ) {
    this.startMs = clock.now();
  }

  /** Runs one test with a storage of its own. */
  static async run(
    options: StorageContractOptions,
    body: (scenario: Scenario) => Promise<void>,
  ): Promise<void> {
    const clock = new ManualClock();
    const ended: EndedBan[] = [];
    const context: StorageContext = { clock, onBanEnd: (ban, how) => void ended.push({ ban, how }) };
    const storage = await options.create(context);
    try {
      await storage.start?.(context);
      await body(new Scenario(options, storage, clock, ended));
    } finally {
      await (options.destroy ? options.destroy(storage) : storage.close?.());
    }
  }

  /** Records one request, by default by `alice`, now. */
  async record(rules: readonly RuleQuery[], request: Partial<RecordRequest> = {}): Promise<RecordResult> {
    return this.storage.record({ actor: 'alice', deniedAlready: false, ...this.time(), rules, ...request });
  }

  /** Records one request with a single rule. */
  async outcome(rule: RuleQuery, request: Partial<RecordRequest> = {}): Promise<RuleOutcome> {
    return (await this.record([rule], request)).rules[0];
  }

  /** Records `times` requests. @returns whether each was denied. */
  async repeat(
    times: number,
    rules: readonly RuleQuery[],
    request: Partial<RecordRequest> = {},
  ): Promise<boolean[]> {
    const denied: boolean[] = [];
    for (let i = 0; i < times; i++) denied.push((await this.record(rules, request)).denied);
    return denied;
  }

  /** Bans `alice` by hand. */
  async ban(terms: { durationMs: number; route?: string; reason?: string; actor?: string }): Promise<Ban> {
    const ban = await this.storage.ban({ actor: 'alice', reason: 'by hand', ...this.time(), ...terms });
    await this.settle();
    return ban;
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  /** Moves time to `ms` after the start. */
  async at(ms: number): Promise<void> {
    await this.advance(this.startMs + ms - this.clock.now());
  }

  /** Lets the storage finish what it does in the background. */
  async settle(): Promise<void> {
    await this.options.settle?.(this.storage);
  }

  private time(): { now?: number } {
    return this.options.capabilities?.explicitTime === false ? {} : { now: this.clock.now() };
  }
}

/** Defines one test. */
export type Define = (name: string, body: (scenario: Scenario) => Promise<void>) => void;

/** Everything about a rule and its counter that a test may care about. */
export type RuleOptions = Partial<Omit<RuleQuery, 'counter'>> & Partial<Counter>;

let serial = 0;

/**
 * A rule with a counter of its own: three served requests a minute, denying; reports each violation. Options change it; an
 * explicit `name` shares the counter with other rules of that name.
 */
export function rule(options: RuleOptions = {}): RuleQuery {
  const id = `rule-${++serial}`;
  const {
    scope = 'route',
    name = id,
    kind = 'window',
    windowMs = 60_000,
    class: counts = 'served',
  } = options;
  const { threshold = 3, cost = 1, denies = true, passive = false, cooldownMs = 0, ban, peek } = options;
  const { capacity = Math.max(threshold, 1) } = options;
  return {
    counter: { scope, name, kind, windowMs, capacity, class: counts },
    rule: options.rule ?? id,
    ...{ threshold, cost, denies, passive, cooldownMs },
    ...(ban && { ban }),
    ...(peek !== undefined && { peek }),
  };
}

/** A ban rule: three attempts a minute, then a ban of ten minutes that never escalates. */
export function banRule(options: RuleOptions = {}, terms: Partial<BanTerms> = {}): RuleQuery {
  const ban = {
    durationMs: 600_000,
    factor: 1,
    maxMs: Infinity,
    memoryMs: 86_400_000,
    reason: 'too much',
    ...terms,
  };
  return rule({ class: 'attempts', ban, ...options });
}

/** An outcome that is not violated, with whatever differs. */
export function allowed(outcome: Partial<RuleOutcome>): RuleOutcome {
  return { count: 1, violated: false, retryAfterMs: 0, resetMs: 60_000, report: false, ...outcome };
}

/** An outcome that is violated and reported, with whatever differs. */
export function violated(outcome: Partial<RuleOutcome>): RuleOutcome {
  return { count: 4, violated: true, retryAfterMs: 60_000, resetMs: 60_000, report: true, ...outcome };
}

/** What each rule of a verdict counted. */
export function counts(result: RecordResult): number[] {
  return result.rules.map(({ count }) => count);
}
