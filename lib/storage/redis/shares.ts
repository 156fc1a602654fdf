import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../clock/clock.js';
import type { RecordRequest, RecordResult, RuleOutcome } from '../storage.js';
import { Settlement, type Plan, type PlannedCounter } from './plan.js';

/** Actors that are counted here at most; those beyond are counted in Redis, one by one. */
const MOST_ACTORS = 50_000;
/** Actors settled at once. */
const BATCH = 500;

/** What this instance knows of one counter of one actor, and has let through on its own. */
interface Share {
  readonly counted: PlannedCounter;
  /** Events in Redis when it was last asked; `Infinity`: not known any more. */
  known: number;
  /** Let through here, and not yet sent. */
  pending: number;
  /** Sent, and not yet answered. */
  inFlight: number;
  /** When the oldest event leaves, in local milliseconds. */
  resetAtMs: number;
}

/** One actor's shares, by field. */
type ActorShares = Map<string, Share>;

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
  private readonly actors = new Map<string, ActorShares>();
  private readonly dirty = new Set<string>();
  private cancel: (() => void) | undefined;
  private flushing = Promise.resolve();
  /** A timer armed on the path of a request would keep that request's async context alive, and pass it on. */
  private readonly context = new AsyncResource('BehaviorGuardShares');

  constructor(private readonly parts: SharesParts) {}

  /** The verdict where it is this instance's to give: the request is let through, and counted later. */
  tryServe(request: RecordRequest, plan: Plan): RecordResult | undefined {
    const shares = request.deniedAlready ? undefined : this.actors.get(request.actor);
    if (
      shares === undefined ||
      !plan.counters.every((counted) => this.allows(shares, counted, request, plan))
    )
      return undefined;
    const nowMs = this.parts.clock.now();
    const rules = new Array<RuleOutcome>(plan.queries.length);
    for (const { field, rules: indexes } of plan.counters) {
      const share = shares.get(field) as Share;
      let amount = 0;
      for (const index of indexes) {
        const cost = costOf(request, plan, index);
        rules[index] = servedOutcome(share, cost, nowMs);
        if (!plan.queries[index].peek) amount = Math.max(amount, cost);
      }
      share.pending += amount;
    }
    this.dirty.add(request.actor);
    if (this.cancel === undefined) this.arm();
    return { denied: false, wouldDeny: false, rules };
  }

  /** What was let through of an actor, to be sent before its next request; `undefined`: nothing. Resolves, whatever happens. */
  settle(actor: string): Promise<void> | undefined {
    this.dirty.delete(actor);
    const shares = [...(this.actors.get(actor)?.values() ?? [])].filter(({ pending }) => pending > 0);
    if (shares.length === 0) return undefined;
    const amounts = shares.map(({ counted: { counter, field }, pending }) => ({
      counter,
      field,
      amount: pending,
    }));
    for (const share of shares) {
      share.inFlight += share.pending;
      share.pending = 0;
    }
    const settled = (counts: readonly number[] | undefined): void => {
      for (const [i, share] of shares.entries()) {
        share.inFlight -= amounts[i].amount;
        share.known = counts?.[i] ?? Infinity;
      }
    };
    return this.parts.settle(actor, new Settlement(amounts), settled).catch(() => settled(undefined));
  }

  /** Takes note of what Redis has answered. */
  learn(request: RecordRequest, plan: Plan, { banned, ban, rules }: RecordResult): void {
    const { actor } = request;
    if (banned || ban) {
      this.forget(actor);
      return;
    }
    if (plan.counters.some(({ counter }) => counter.kind === 'pacing')) return;
    const shares = this.sharesOf(actor);
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
      const share = shares.get(counted.field);
      if (share) Object.assign(share, { known, resetAtMs });
      else shares.set(counted.field, { counted, known, pending: 0, inFlight: 0, resetAtMs });
    }
  }

  /** Gives up an actor's shares: it is banned, or was reset. */
  forget(actor: string): void {
    this.actors.delete(actor);
    this.dirty.delete(actor);
  }

  /** Adds everything that was let through to Redis. */
  async flush(): Promise<void> {
    const actors = [...this.dirty];
    this.dirty.clear();
    for (let i = 0; i < actors.length; i += BATCH) {
      await Promise.all(actors.slice(i, i + BATCH).map(async (actor) => this.settle(actor)));
    }
  }

  /** Cancels the timer, and sends what was let through. */
  async close(): Promise<void> {
    this.cancel?.();
    await this.flushing;
    await this.flush();
  }

  private allows(
    shares: ActorShares,
    { field, rules }: PlannedCounter,
    request: RecordRequest,
    plan: Plan,
  ): boolean {
    const share = shares.get(field);
    if (share === undefined) return false;
    const used = share.pending + share.inFlight;
    return rules.every((index) => {
      const { threshold, counter } = plan.queries[index];
      const limit = Math.min(request.thresholds?.[index] ?? threshold, counter.capacity);
      const cost = costOf(request, plan, index);
      return cost === 0 || used + cost <= Math.floor((limit - share.known) / (2 * this.parts.instances));
    });
  }

  private sharesOf(actor: string): ActorShares {
    let shares = this.actors.get(actor);
    if (shares !== undefined) return shares;
    if (this.actors.size >= MOST_ACTORS) this.evict();
    this.actors.set(actor, (shares = new Map<string, Share>()));
    return shares;
  }

  /** Drops the actor known longest, of those with nothing to send. */
  private evict(): void {
    for (const actor of this.actors.keys()) {
      if (this.dirty.has(actor)) continue;
      this.actors.delete(actor);
      return;
    }
  }

  private arm(): void {
    const { clock, flushIntervalMs } = this.parts;
    this.cancel = this.context.runInAsyncScope(() => {
      return clock.schedule(() => {
        this.cancel = undefined;
        this.flushing = this.flush();
      }, flushIntervalMs);
    });
  }
}

function costOf({ costs }: RecordRequest, plan: Plan, index: number): number {
  return costs?.[index] ?? plan.queries[index].cost;
}

function servedOutcome(share: Share, cost: number, nowMs: number): RuleOutcome {
  const { known, pending, inFlight, resetAtMs, counted } = share;
  const leftMs = resetAtMs - nowMs;
  const resetMs = cost === 0 ? 0 : leftMs > 0 ? leftMs : counted.counter.windowMs;
  const count = cost === 0 ? 0 : known + pending + inFlight + cost;
  return { count, violated: false, retryAfterMs: 0, resetMs, report: false };
}
