import type { RuleOutcome, RuleQuery } from '../storage/storage.js';
import type { CompiledRule } from './route-plan.js';
import type { RuleDefinition } from './rule-definition.js';

/** What the headers say of a route's rules, whoever asks. */
export interface QuotaPlan {
  /** The whole `RateLimit-Policy`; `undefined` where a threshold depends on the request. */
  readonly staticPolicy: string | undefined;
}

/** Whether a client may be told of a rule: one that refuses above a number and doesn't ban. */
export function isTold({ action, passive }: RuleDefinition, query: RuleQuery): boolean {
  return !passive && !query.peek && (action === 'throttle' || action === 'challenge');
}

/** @returns `undefined` where no rule of the route is to be told. */
export function quotaPlan(rules: readonly CompiledRule[]): QuotaPlan | undefined {
  const told = rules.filter((rule) => rule.told);
  if (told.length === 0) return undefined;
  const isStatic = told.every(({ definition }) => !definition.thresholdOf);
  const policies = told.map((rule) => quotaPolicy(rule, rule.definition.threshold));
  return { staticPolicy: isStatic ? policies.join(', ') : undefined };
}

/** One item of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): quota units and window in seconds. */
export function quotaPolicy(rule: CompiledRule, limit: number): string {
  return `"${rule.name}";q=${limit};w=${Math.ceil(rule.definition.windowMs / 1000)}`;
}

/** Whole seconds until at least one more is allowed, or the oldest counted one leaves the window. */
export function resetSeconds({ violated, retryAfterMs, resetMs }: RuleOutcome): number {
  return Math.ceil((violated ? retryAfterMs : resetMs) / 1000);
}

/**
 * What a client may still do under a rule.
 *
 * @param uncounted the cost of this request, if it was refused and so not added to the counter; else 0.
 */
export function remaining(
  { definition }: CompiledRule,
  limit: number,
  { violated, count, resetMs }: RuleOutcome,
  uncounted: number,
): number {
  if (violated) return 0;
  // A paced rule lets through one at a time, as long as it is due.
  if (definition.pacing) return resetMs > 0 ? 0 : 1;
  return Math.max(0, limit - count + uncounted);
}
