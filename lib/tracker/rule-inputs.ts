import type { ExecutionContext } from '@nestjs/common';
import { matchesBodyPattern } from '../patterns/compile.js';
import type { ResponseText } from '../patterns/response-text.js';
import type { ResponseFacts } from '../rules/behavior-rule.js';
import type { ActorGroup, CompiledRule } from '../rules/route-plan.js';
import type { MaybePromise } from '../storage/storage.js';
import type { Reporter } from './reporter.js';

/** What varies per request of a group's queries; absent: as compiled. */
export interface RuleInputs {
  readonly thresholds?: readonly number[];
  /** 0 leaves a rule out. */
  readonly costs?: readonly number[];
}

/** A response that the rules are asked about. */
export interface JudgedResponse {
  readonly facts: ResponseFacts;
  /** Absent at the end of the response, when the body is gone. */
  readonly text?: ResponseText;
}

const AS_COMPILED: RuleInputs = {};

/**
 * Asks the application's functions what this request costs and may. None of them can break the request: where one
 * throws or returns nonsense it is logged, and a condition leaves its rule out, a cost is 1, a threshold the largest.
 */
export class RuleInputResolver {
  constructor(private readonly reporter: Reporter) {}

  /** @returns inputs, at once where no threshold is a promise; `undefined` if no rule of the group applies. */
  ofRequest(
    group: ActorGroup,
    context: ExecutionContext,
    endpoint: string,
  ): MaybePromise<RuleInputs | undefined> {
    if (!group.dynamic) return AS_COMPILED;
    const costs = group.rules.map((rule) => {
      const { whenRequest } = rule.definition;
      const applies = !whenRequest || this.condition(rule, () => whenRequest(context), endpoint);
      return applies ? this.costOf(rule, context, endpoint) : 0;
    });
    if (costs.every((cost) => cost === 0)) return undefined;
    return this.withThresholds(group, costs, context, endpoint);
  }

  /** The same for rules that judge a response: those whose pattern or condition doesn't match are left out. */
  ofResponse(
    group: ActorGroup,
    response: JudgedResponse,
    endpoint: string,
  ): MaybePromise<RuleInputs | undefined> {
    const { rules } = group;
    const { context } = response.facts;
    let costs: number[] | undefined;
    for (let index = 0; index < rules.length; index++) {
      if (!this.matches(rules[index], response, endpoint)) continue;
      costs ??= rules.map(() => 0);
      costs[index] = context ? this.costOf(rules[index], context, endpoint) : rules[index].definition.cost;
    }
    if (!costs) return undefined;
    return context ? this.withThresholds(group, costs, context, endpoint) : { costs };
  }

  private matches(rule: CompiledRule, { facts, text }: JudgedResponse, endpoint: string): boolean {
    const { pattern, whenResponse } = rule.definition;
    if (pattern && pattern.kind !== 'status') {
      if (text === undefined || !matchesBodyPattern(pattern, text)) return false;
    } else if (pattern && !pattern.matchesStatus(facts.status)) return false;
    if (whenResponse && !this.responseCondition(rule, facts, endpoint)) return false;
    this.tellMatch(rule, endpoint);
    return true;
  }

  // Apart, so that a response that doesn't match makes no closures.
  private responseCondition(rule: CompiledRule, facts: ResponseFacts, endpoint: string): boolean {
    return this.condition(rule, () => rule.definition.whenResponse?.(facts), endpoint);
  }

  private tellMatch({ definition }: CompiledRule, endpoint: string): void {
    this.reporter.debug(() => `${endpoint}: the response matches '${definition.pattern?.source ?? 'when'}'`);
  }

  private withThresholds(
    group: ActorGroup,
    costs: readonly number[],
    context: ExecutionContext,
    endpoint: string,
  ): MaybePromise<RuleInputs> {
    if (!group.rules.some(({ definition }) => definition.thresholdOf)) return { costs };
    const thresholds = group.rules.map((rule, index) => {
      return costs[index] === 0 ? rule.definition.threshold : this.thresholdOf(rule, context, endpoint);
    });
    if (thresholds.every((threshold) => typeof threshold === 'number')) return { costs, thresholds };
    return Promise.all(thresholds.map((threshold) => Promise.resolve(threshold))).then((values) => {
      return { costs, thresholds: values };
    });
  }

  private thresholdOf(rule: CompiledRule, context: ExecutionContext, endpoint: string): MaybePromise<number> {
    const { thresholdOf, threshold: most } = rule.definition;
    if (!thresholdOf) return most;
    const failed = (error: unknown): number => {
      this.failed('threshold', rule, error, endpoint);
      return most;
    };
    const checked = (value: number): number => {
      if (Number.isInteger(value) && value >= 0) return Math.min(value, most);
      return failed(new RangeError(`returned ${String(value)}, not an integer >= 0`));
    };
    try {
      const value = thresholdOf(context);
      return value instanceof Promise ? value.then(checked).catch(failed) : checked(value);
    } catch (error) {
      return failed(error);
    }
  }

  private costOf(rule: CompiledRule, context: ExecutionContext, endpoint: string): number {
    const { costOf } = rule.definition;
    if (!costOf || rule.query.peek) return rule.query.cost;
    try {
      const value: unknown = costOf(context);
      if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
      if (value instanceof Promise) value.catch(() => undefined);
      const shown = value instanceof Promise ? 'a promise' : String(value);
      throw new RangeError(`returned ${shown}, not an integer >= 1`);
    } catch (error) {
      this.failed('cost', rule, error, endpoint);
      return 1;
    }
  }

  private condition(rule: CompiledRule, ask: () => unknown, endpoint: string): boolean {
    try {
      const value = ask();
      if (value instanceof Promise) {
        value.catch(() => undefined);
        throw new TypeError('returned a promise; a condition answers at once');
      }
      return Boolean(value);
    } catch (error) {
      this.failed('when', rule, error, endpoint);
      return false;
    }
  }

  private failed(what: string, rule: CompiledRule, error: unknown, endpoint: string): void {
    this.reporter.failed(`${what} of rule '${rule.name}' of ${endpoint}`, error, '', endpoint);
  }
}
