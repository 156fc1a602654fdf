import type { Counter, RecordRequest, RuleQuery } from '../storage.js';
import { counterField, reportField } from './keys.js';
import { MOST_RULES_PER_COUNTER, counterText, keepMs, planHead, ruleText } from './plan-format.js';

/** A counter of a plan, and which of the request's rules ask it. */
export interface PlannedCounter {
  readonly counter: Counter;
  readonly field: string;
  readonly rules: readonly number[];
}

/** An array of rules, ready to be sent: worked out once. */
export class Plan {
  /** Index of each rule in the request, in the order in which the script answers. */
  readonly order: readonly number[];
  /** Fields of the counters. */
  readonly fields: readonly string[];
  /** What the script needs where a rule is violated. */
  readonly details: string;
  /** The rules as they are asked usually. */
  readonly text: string;
  /** What the rules count in. */
  readonly counters: readonly PlannedCounter[];
  private readonly head: string;

  constructor(readonly queries: readonly RuleQuery[]) {
    this.counters = countersOf(queries);
    this.order = this.counters.flatMap(({ rules }) => rules);
    this.fields = this.counters.map(({ field }) => field);
    this.details = JSON.stringify(this.order.map((index) => detailOf(queries[index], index)));
    const keep = this.counters.reduce((longest, { counter }) => Math.max(longest, keepMs(counter)), 0);
    this.head = planHead(keep, this.counters.length);
    this.text = this.write({});
  }

  /** The rules as this request asks them. */
  textFor(request: RecordRequest): string {
    const { costs, thresholds, denies } = request;
    return costs || thresholds || denies ? this.write(request) : this.text;
  }

  private write({
    costs,
    thresholds,
    denies,
  }: Partial<Pick<RecordRequest, 'costs' | 'thresholds' | 'denies'>>): string {
    const ruleAt = (index: number): string => {
      const query = this.queries[index];
      return ruleText({
        // Above its capacity a counter can't tell: the capacity is then the limit.
        threshold: Math.min(thresholds?.[index] ?? query.threshold, query.counter.capacity),
        cost: costs?.[index] ?? query.cost,
        denies: denies?.[index] ?? query.denies,
        passive: query.passive,
        peek: query.peek ?? false,
        bans: query.ban !== undefined && !query.passive,
      });
    };
    const counters = this.counters.map(({ counter, rules }) => {
      return counterText(counter, rules.length) + rules.map(ruleAt).join('');
    });
    return this.head + counters.join('');
  }
}

/** So many events of one counter. */
export interface CountedAmount {
  readonly counter: Counter;
  readonly field: string;
  /** An integer >= 1. */
  readonly amount: number;
}

/** Events of an actor that were let through before, to be added to its counters whatever they hold. */
export class Settlement {
  readonly text: string;
  readonly fields: readonly string[];

  constructor(amounts: readonly CountedAmount[]) {
    this.fields = amounts.map(({ field }) => field);
    const keep = amounts.reduce((longest, { counter }) => Math.max(longest, keepMs(counter)), 0);
    const counted = { denies: false, passive: false, peek: false, bans: false };
    const counters = amounts.map(({ counter, amount }) => {
      return counterText(counter, 1) + ruleText({ threshold: counter.capacity, cost: amount, ...counted });
    });
    this.text = planHead(keep, amounts.length) + counters.join('');
  }
}

/** Settlements that most actors have in common. */
const MOST_SETTLEMENTS = 1_000;

/** Settlements by what they settle. */
export class SettlementCache {
  private readonly known = new Map<string, Settlement>();

  of(amounts: readonly CountedAmount[]): Settlement {
    let key = '';
    for (const { field, counter, amount } of amounts) key += `${field}:${counter.capacity}:${amount},`;
    let settlement = this.known.get(key);
    if (settlement !== undefined) return settlement;
    if (this.known.size >= MOST_SETTLEMENTS) this.known.clear();
    this.known.set(key, (settlement = new Settlement(amounts)));
    return settlement;
  }
}

/** Plans by the identity of their arrays of rules. */
export class PlanCache {
  private readonly plans = new WeakMap<readonly RuleQuery[], Plan>();

  planOf(queries: readonly RuleQuery[]): Plan {
    let plan = this.plans.get(queries);
    if (plan === undefined) this.plans.set(queries, (plan = new Plan(queries)));
    return plan;
  }
}

function countersOf(queries: readonly RuleQuery[]): PlannedCounter[] {
  const counters = new Map<string, PlannedCounter & { readonly rules: number[] }>();
  for (const [index, { counter }] of queries.entries()) {
    const key = JSON.stringify([counter.scope, counter.name]);
    const known = counters.get(key);
    if (known) known.rules.push(index);
    else counters.set(key, { counter, field: counterField(counter), rules: [index] });
  }
  for (const { counter, rules } of counters.values()) {
    if (rules.length <= MOST_RULES_PER_COUNTER) continue;
    throw new RangeError(
      `counter '${counter.name}' has ${rules.length} rules; at most ${MOST_RULES_PER_COUNTER}`,
    );
  }
  return [...counters.values()];
}

/** JSON knows no infinity. */
const ENDLESS = -1;

function detailOf({ rule, cooldownMs, ban }: RuleQuery, index: number): unknown[] {
  const detail = [reportField(rule), cooldownMs];
  if (!ban) return [...detail, false];
  const [duration, most, memory] = [ban.durationMs, ban.maxMs, ban.memoryMs].map((ms) =>
    ms === Infinity ? ENDLESS : ms,
  );
  return [
    ...detail,
    [duration, ban.factor, most, memory, ban.route ?? '', Buffer.from(ban.reason).toString(), index],
  ];
}
