import type { RuleOutcome } from '../storage/storage.js';
import type { CompiledRule } from './route-plan.js';

/** The rules of a route that a client may be told of: those that refuse above a number and don't ban. */
export interface QuotaPlan {
  readonly rules: ReadonlySet<CompiledRule>;
  /** The whole `RateLimit-Policy`; `undefined` where a threshold depends on the request. */
  readonly staticPolicy: string | undefined;
}

/** What a client may still do under one rule. */
export interface Quota {
  readonly rule: CompiledRule;
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until at least one more is allowed, or the oldest counted one leaves the window. */
  readonly resetSeconds: number;
}

/** @returns `undefined` where no rule of the route is to be told. */
export function quotaPlan(rules: readonly CompiledRule[]): QuotaPlan | undefined {
  const told = rules.filter(({ query, definition: { action, passive } }) => {
    return !passive && !query.peek && (action === 'throttle' || action === 'challenge');
  });
  if (told.length === 0) return undefined;
  const isStatic = told.every(({ definition }) => !definition.thresholdOf);
  return {
    rules: new Set(told),
    staticPolicy: isStatic
      ? told.map((rule) => quotaPolicy(rule, rule.definition.threshold)).join(', ')
      : undefined,
  };
}

/** One item of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): quota units and window in seconds. */
export function quotaPolicy(rule: CompiledRule, limit: number): string {
  return `"${rule.name}";q=${limit};w=${Math.ceil(rule.definition.windowMs / 1000)}`;
}

/** @param uncounted the cost of this request, if it was refused and so not added to the counter; else 0. */
export function quotaOf(rule: CompiledRule, limit: number, outcome: RuleOutcome, uncounted: number): Quota {
  const waitMs = outcome.violated ? outcome.retryAfterMs : outcome.resetMs;
  return {
    rule,
    limit,
    remaining: outcome.violated ? 0 : remainingOf(rule, limit, outcome, uncounted),
    resetSeconds: Math.ceil(waitMs / 1000),
  };
}

function remainingOf(
  { definition }: CompiledRule,
  limit: number,
  { count, resetMs }: RuleOutcome,
  uncounted: number,
): number {
  // A paced rule lets through one at a time, as long as it is due.
  if (definition.pacing) return resetMs > 0 ? 0 : 1;
  return Math.max(0, limit - count + uncounted);
}
