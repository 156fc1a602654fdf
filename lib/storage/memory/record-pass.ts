import { counterResetMs, counterWaitMs, markedMs } from '../../windows/counter.js';
import { PACING } from '../../windows/packed-counter.js';
import { nextArrivalMs, pacingIntervalMs } from '../../windows/pacing.js';
import type { RecordRequest, RuleOutcome } from '../storage.js';
import type { CounterStore } from './counter-store.js';
import type { LaidOutRule, Layout } from './layout.js';

/**
 * Peek, decide, commit: the counting part of a record call. What it found is read from its fields and from the
 * layout's rules, and holds until the next call.
 */
export class RecordPass {
  denied = false;
  wouldDeny = false;
  /** Whether any rule, passive ones included, is violated. */
  anyViolated = false;
  /** Whether a violated rule bans the actor. */
  bans = false;
  /** Expiry of the entry made for this request, in seconds since the epoch; 0: none was made. */
  insertedExpirySeconds = 0;

  constructor(private readonly store: CounterStore) {}

  /** Judges the request by every rule and counts it. */
  run(layout: Layout, request: RecordRequest, nowMs: number): void {
    this.store.open(layout, request.actor, nowMs);
    this.judge(layout.rules, request);
    this.bans = this.anyViolated && settle(layout.rules, request.banExempt === true, nowMs);
    if (this.wouldDeny) this.withhold(layout);
    this.insertedExpirySeconds = this.store.commit(layout, nowMs, this.anyViolated);
  }

  private judge(
    rules: readonly LaidOutRule[],
    { costs, thresholds, denies, deniedAlready }: RecordRequest,
  ): void {
    this.denied = this.wouldDeny = deniedAlready;
    this.anyViolated = false;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i];
      const cost = costs?.[i] ?? rule.usualCost;
      const threshold = thresholds?.[i] ?? rule.usualThreshold;
      rule.cost = cost;
      rule.count = 0;
      rule.violated = rule.report = false;
      rule.retryAfterMs = 0;
      if (cost === 0) continue;
      // Above its capacity a counter can't tell: the capacity is then the limit.
      rule.threshold = threshold < rule.capacity ? threshold : rule.capacity;
      if (!weigh(rule)) continue;
      rule.violated = this.anyViolated = true;
      if (!(denies?.[i] ?? rule.denies)) continue;
      this.wouldDeny = true;
      if (!rule.passive) this.denied = true;
    }
  }

  /** Counters of class served stay as they are where the request is denied; passive ones, where it would be. */
  private withhold({ groups }: Layout): void {
    for (let g = 0; g < groups.length; g++) {
      const { counters } = groups[g];
      for (let i = 0; i < counters.length; i++) {
        const counter = counters[i];
        if (!counter.attempts && (counter.active ? this.denied : this.wouldDeny)) counter.amount = 0;
      }
    }
  }
}

/** Works out what the rule's counter would get and hold. @returns whether the rule is violated. */
function weigh(rule: LaidOutRule): boolean {
  const { counter, cost, threshold, peek } = rule;
  if (!rule.passive && !peek) counter.active = true;
  if (counter.shape.format === PACING) {
    const advanceMs = cost * pacingIntervalMs(counter.shape.windowMs, threshold);
    if (!peek && advanceMs > counter.amount) counter.amount = advanceMs;
    const early = counter.timeMs < counter.level;
    rule.count = early ? cost + 1 : cost;
    return early || threshold === 0;
  }
  if (!peek && cost > counter.amount) counter.amount = cost;
  rule.count = counter.level + cost;
  return rule.count > threshold;
}

/** Works out waits and reports of violated rules. @returns whether one of them bans. */
function settle(rules: readonly LaidOutRule[], banExempt: boolean, nowMs: number): boolean {
  let bans = false;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    if (!rule.violated) continue;
    rule.retryAfterMs = retryAfterMs(rule);
    const { mark } = rule;
    if (rule.bans && !banExempt) {
      // Each ban is reported: the one before has ended.
      rule.report = bans = true;
    } else if (mark === undefined) {
      rule.report = true;
    } else if (nowMs >= markedMs(mark)) {
      rule.report = true;
      mark.amount = nowMs + rule.cooldownMs;
    }
  }
  return bans;
}

/** An attempt stays counted, so the next request finds it in its way; a served one is denied, or has to wait itself. */
function retryAfterMs({ counter, threshold, cost }: LaidOutRule): number {
  const { shape, attempts, amount } = counter;
  if (shape.format !== PACING) {
    const room = threshold - cost;
    return counterWaitMs(counter, attempts && room >= 0 ? room - amount : room);
  }
  if (threshold === 0) return shape.windowMs;
  const arrivalMs = attempts ? nextArrivalMs(counter, amount) : counter.level;
  return Math.max(1, Math.ceil(arrivalMs - counter.timeMs));
}

/** What a rule found. Waits are as of the verdict, resets as of now. */
export function outcomeOf(rule: LaidOutRule): RuleOutcome {
  return {
    count: rule.count,
    violated: rule.violated,
    retryAfterMs: rule.retryAfterMs,
    resetMs: rule.cost === 0 ? 0 : counterResetMs(rule.counter),
    report: rule.report,
  };
}
