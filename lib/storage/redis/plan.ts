import type { Counter, RecordRequest, RuleQuery } from '../storage.js';
import { counterField, reportField } from './keys.js';
import { MOST_RULES_PER_COUNTER, counterText, keepMs, planText, ruleText } from './plan-format.js';

/** A counter of a plan, and which of the request's rules ask it. */
export interface PlannedCounter {
  readonly counter: Counter;
  readonly field: string;
  readonly rules: readonly number[];
}

/** The rules of a request, as the script `record` takes them. */
export interface RuleBlock {
  readonly text: string;
  /** Of the counters. */
  readonly fields: readonly string[];
}

/** Blocks of a plan that are kept. */
const MOST_BLOCKS = 100;

/** An array of rules, ready to be sent: worked out once. */
export class Plan {
  /** Index of each rule in the request, in the order in which the script answers. */
  readonly order: readonly number[];
  /** What the rules count in. */
  readonly counters: readonly PlannedCounter[];
  private readonly fields: readonly string[];
  /** What the script needs of each rule where one is violated. */
  private readonly details: string;
  private readonly keepMs: number;
  /** The rules as they are asked usually, on the route that asked last: nearly always there is one. */
  private usual: { readonly block: RuleBlock; readonly route: string | undefined } | undefined;
  /** By what differs from the usual. */
  private readonly unusual = new Map<string, RuleBlock>();

  constructor(readonly queries: readonly RuleQuery[]) {
    this.counters = countersOf(queries);
    this.order = this.counters.flatMap(({ rules }) => rules);
    this.fields = this.counters.map(({ field }) => field);
    this.details = JSON.stringify(this.order.map((index) => detailOf(queries[index], index)));
    this.keepMs = longestKeepMs(this.counters);
  }

  /** The rules as this request asks them; the same object for all that ask alike. */
  blockFor(request: RecordRequest): RuleBlock {
    const { costs, thresholds, denies, route } = request;
    if (costs || thresholds || denies) return this.unusualBlock(request);
    if (this.usual === undefined || this.usual.route !== route) {
      this.usual = { block: this.write(request), route };
    }
    return this.usual.block;
  }

  private unusualBlock(request: RecordRequest): RuleBlock {
    const { costs = '', thresholds = '', denies = '', route = '' } = request;
    const key = `${String(costs)};${String(thresholds)};${String(denies)};${route}`;
    let block = this.unusual.get(key);
    if (block !== undefined) return block;
    if (this.unusual.size >= MOST_BLOCKS) this.unusual.clear();
    this.unusual.set(key, (block = this.write(request)));
    return block;
  }

  private write({ costs, thresholds, denies, route }: RecordRequest): RuleBlock {
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
    const details = `[${route === undefined ? false : JSON.stringify(wellFormed(route))},${this.details}]`;
    return { text: planText(this.keepMs, counters, details), fields: this.fields };
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
export class Settlement implements RuleBlock {
  readonly text: string;
  readonly fields: readonly string[];

  constructor(amounts: readonly CountedAmount[]) {
    this.fields = amounts.map(({ field }) => field);
    const counted = { denies: false, passive: false, peek: false, bans: false };
    const counters = amounts.map(({ counter, amount }) => {
      return counterText(counter, 1) + ruleText({ threshold: counter.capacity, cost: amount, ...counted });
    });
    this.text = planText(longestKeepMs(amounts), counters, NO_DETAILS);
  }
}

/** Of rules that can't be violated, on no route. */
const NO_DETAILS = '[false]';

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

function longestKeepMs(counters: readonly { readonly counter: Counter }[]): number {
  return counters.reduce((longest, { counter }) => Math.max(longest, keepMs(counter)), 0);
}

/** What the script can't read, half of a surrogate pair, is replaced as it is in the names of fields. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
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
    [duration, ban.factor, most, memory, wellFormed(ban.route ?? ''), wellFormed(ban.reason), index],
  ];
}
