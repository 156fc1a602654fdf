import { quotaOf, quotaPolicy } from '../rules/quota.js';
import type { Quota } from '../rules/quota.js';
import type { GroupRecord, Pass } from '../tracker/pass.js';

/**
 * Which headers tell a client of its quotas: `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers, the older `X-RateLimit-*`, or none.
 */
export type QuotaHeaderStyle = 'draft' | 'legacy' | false;

/** Tells the quotas of the rules that this pass has asked. @param set writes one header. */
export function writeQuotaHeaders(
  pass: Pass,
  style: Exclude<QuotaHeaderStyle, false>,
  set: (name: string, value: string) => void,
): void {
  const { quotas: plan } = pass.plan;
  if (!plan) return;
  const quotas: Quota[] = [];
  for (const record of pass.records) {
    record.group.rules.forEach((rule, index) => {
      if (plan.rules.has(rule) && record.inputs.costs?.[index] !== 0)
        quotas.push(quotaIn(record, index, pass));
    });
  }
  if (quotas.length === 0) return;
  if (style === 'legacy') return writeLegacy(quotas, set);
  set(
    'RateLimit-Policy',
    plan.staticPolicy ?? quotas.map(({ rule, limit }) => quotaPolicy(rule, limit)).join(', '),
  );
  set(
    'RateLimit',
    quotas
      .map(({ rule, remaining, resetSeconds }) => `"${rule.name}";r=${remaining};t=${resetSeconds}`)
      .join(', '),
  );
}

function quotaIn({ group, inputs, result }: GroupRecord, index: number, pass: Pass): Quota {
  const rule = group.rules[index];
  const limit = inputs.thresholds?.[index] ?? rule.definition.threshold;
  const cost = inputs.costs?.[index] ?? rule.definition.cost;
  return quotaOf(rule, limit, result.rules[index], result.denied || pass.denied ? cost : 0);
}

/** The quota that is nearest to its end stands for all. */
function writeLegacy(quotas: readonly Quota[], set: (name: string, value: string) => void): void {
  const nearest = quotas.reduce((least, quota) => (quota.remaining < least.remaining ? quota : least));
  set('X-RateLimit-Limit', String(nearest.limit));
  set('X-RateLimit-Remaining', String(nearest.remaining));
  set('X-RateLimit-Reset', String(nearest.resetSeconds));
}
