import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../clock/clock.js';
import type { RecordRequest, RecordResult, RuleOutcome } from '../storage.js';
import { type ActorShares, IN_FLIGHT, KNOWN, PENDING, RESET_AT, UNKNOWN } from './actor-shares.js';
import { SettlementCache, type Plan, type PlannedCounter, type Settlement } from './plan.js';
import { ShareTable } from './share-table.js';

/** Actors that are counted here at most; those beyond are counted in Redis, one by one. */
const MOST_ACTORS = 50_000;
/** Actors settled at once: two commands' worth, for whatever waits longer outlives collections of young garbage. */
const BATCH = 128;

/** What `Shares` works with. */
export interface SharesParts {
  /** How many instances share the limits: an integer >= 1. */
  readonly instances: number;
  readonly flushIntervalMs: number;
  /** Of real time. */
  readonly clock: Clock;
  /**
   * Adds what was let through to the actor's counters.
   *
   * @param read is told what each then holds, before the answer to any later command is read.
   */
  readonly settle: (
    actor: string,
    settlement: Settlement,
    read: (counts: readonly number[]) => void,
  ) => Promise<void>;
}

/**
 * Relaxed counting: an actor's requests are let through here as long as they stay within this instance's share of what is
 * left, `floor((threshold - known) / (2 × instances))`, and are added to Redis every `flushIntervalMs`. Beyond its share a request
 * asks Redis, after what was let through before it. So with N instances at most `(N - 1) × floor(threshold / 2N)` requests too
 * many are served; an instance that crashes loses at most what it let through within one interval. What may have been added or
 * not, since the answer was lost, is not added again.
 *
 * Requests with paced rules, and those that an earlier rule has denied, always ask Redis.
 */
export class Shares {
  private readonly actors = new ShareTable(MOST_ACTORS);
  private dirty: ActorShares[] = [];
  private readonly settlements = new SettlementCache();
  private cancel: (() => void) | undefined;
  private flushing = Promise.resolve();
  /** A timer armed on the path of a request would keep that request's async context alive, and pass it on. */
  private readonly context = new AsyncResource('BehaviorGuardShares');
  /** Of what is left of a limit; the quotient is this instance's share. */
  private readonly divisor: number;

  constructor(private readonly parts: SharesParts) {
    this.divisor = 2 * parts.instances;
  }

  /** The verdict where it is this instance's to give: the request is let through, and counted later. */
  tryServe(request: RecordRequest, plan: Plan): RecordResult | undefined {
    const known = request.deniedAlready ? undefined : this.actors.find(request.actor);
    const places = known?.placesOf(plan);
    if (known === undefined || places === undefined) return undefined;
    const { numbers } = known;
    for (let i = 0; i < places.length; i++) {
      if (!this.allows(numbers, places[i], plan.counters[i], request, plan)) return undefined;
    }
    const nowMs = this.parts.clock.now();
    const rules = new Array<RuleOutcome>(plan.queries.length);
    for (let i = 0; i < places.length; i++) {
      const at = places[i];
      const { counter, rules: indexes } = plan.counters[i];
      let amount = 0;
      for (const index of indexes) {
        const cost = costOf(request, plan, index);
        rules[index] = servedOutcome(numbers, at, cost, nowMs, counter.windowMs);
        if (!plan.queries[index].peek && cost > amount) amount = cost;
      }
      numbers[at + PENDING] += amount;
    }
    if (!known.isDirty) {
      known.isDirty = true;
      this.dirty.push(known);
    }
    if (this.cancel === undefined) this.arm();
    return { denied: false, wouldDeny: false, rules };
  }

  /** What was let through of an actor, to be sent before its next request; `undefined`: nothing. Resolves, whatever happens. */
  settle(actor: string): Promise<void> | undefined {
    const shares = this.actors.find(actor);
    return shares?.isDirty ? this.send(shares) : undefined;
  }

  /** Takes note of what Redis has answered. */
  learn(request: RecordRequest, plan: Plan, { banned, ban, rules }: RecordResult): void {
    const { actor } = request;
    if (banned || ban) {
      this.forget(actor);
      return;
    }
    if (plan.counters.some(({ counter }) => counter.kind === 'pacing')) return;
    const shares = this.actors.find(actor) ?? this.actors.add(actor);
    if (shares === undefined) return;
    const nowMs = this.parts.clock.now();
    for (const counted of plan.counters) {
      const asked = counted.rules.filter((index) => rules[index].count > 0);
      if (asked.length === 0) continue;
      // What a rule that only asks would have added is not there.
      const held = (index: number): number => {
        return rules[index].count - (plan.queries[index].peek ? costOf(request, plan, index) : 0);
      };
      const known = Math.max(...asked.map(held));
      const resetAtMs = nowMs + rules[asked[0]].resetMs;
      shares.learn(counted, known, resetAtMs);
    }
  }

  /** Gives up an actor's shares: it is banned, or was reset. */
  forget(actor: string): void {
    this.actors.remove(actor)?.drop();
  }

  /** Adds everything that was let through to Redis. */
  async flush(): Promise<void> {
    const { dirty } = this;
    this.dirty = [];
    for (let i = 0; i < dirty.length; i += BATCH) {
      const sent: Promise<void>[] = [];
      for (let at = i; at < Math.min(i + BATCH, dirty.length); at++) {
        const settled = this.send(dirty[at]);
        if (settled !== undefined) sent.push(settled);
      }
      await Promise.all(sent);
    }
  }

  /** Cancels the timer, and sends what was let through. */
  async close(): Promise<void> {
    this.cancel?.();
    await this.flushing;
    // What came meanwhile has armed it again.
    this.cancel?.();
    await this.flush();
  }

  private send(shares: ActorShares): Promise<void> | undefined {
    shares.isDirty = false;
    const amounts = shares.takePending();
    if (amounts.length === 0) return undefined;
    const settled = (counts: readonly number[] | undefined): void => shares.settled(amounts, counts);
    return this.parts
      .settle(shares.actor, this.settlements.of(amounts), settled)
      .catch(() => settled(undefined));
  }

  private allows(
    numbers: readonly number[],
    at: number,
    { rules }: PlannedCounter,
    request: RecordRequest,
    plan: Plan,
  ): boolean {
    const known = numbers[at + KNOWN];
    if (known === UNKNOWN) return false;
    const used = numbers[at + PENDING] + numbers[at + IN_FLIGHT];
    for (const index of rules) {
      const { threshold, counter } = plan.queries[index];
      const limit = Math.min(request.thresholds?.[index] ?? threshold, counter.capacity);
      const cost = costOf(request, plan, index);
      // used + cost <= floor((limit - known) / (2 × instances)), for integers, without a division.
      if (cost !== 0 && (used + cost) * this.divisor > limit - known) return false;
    }
    return true;
  }

  /** One flush at a time: where Redis is slow, the next one has the more to send. */
  private arm(): void {
    const { clock, flushIntervalMs } = this.parts;
    const flush = (): void => {
      this.flushing = this.flush().then(() => {
        this.cancel = undefined;
        if (this.dirty.length > 0) this.arm();
      });
    };
    this.cancel = this.context.runInAsyncScope(() => clock.schedule(flush, flushIntervalMs));
  }
}

function costOf({ costs }: RecordRequest, plan: Plan, index: number): number {
  return costs?.[index] ?? plan.queries[index].cost;
}

function servedOutcome(
  numbers: readonly number[],
  at: number,
  cost: number,
  nowMs: number,
  windowMs: number,
): RuleOutcome {
  if (cost === 0) return { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };
  const leftMs = numbers[at + RESET_AT] - nowMs;
  const count = numbers[at + KNOWN] + numbers[at + PENDING] + numbers[at + IN_FLIGHT] + cost;
  return { count, violated: false, retryAfterMs: 0, resetMs: leftMs > 0 ? leftMs : windowMs, report: false };
}
