import { quotaOf, quotaPolicy } from '../rules/quota.js';
import type { Quota, QuotaPlan } from '../rules/quota.js';
import type { GroupRecord, Pass } from '../tracker/pass.js';

/**
 * Which headers tell a client of its quotas: `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers, the older `X-RateLimit-*`, or none.
 */
export type QuotaHeaderStyle = 'draft' | 'legacy' | false;

/** Writes one header. */
export type SetHeader = (name: string, value: string) => void;

/** The quotas of the rules that this pass has asked. */
export function quotasIn(pass: Pass, plan: QuotaPlan): Quota[] {
  const quotas: Quota[] = [];
  for (const record of pass.records) {
    // Of an actor that the storage knew to be banned, nothing was counted.
    if (record.result.banned) continue;
    const { rules } = record.group;
    for (let index = 0; index < rules.length; index++) {
      if (plan.rules.has(rules[index]) && record.inputs.costs?.[index] !== 0)
        quotas.push(quotaIn(record, index, pass.denied));
    }
  }
  return quotas;
}

/** Tells these quotas. */
export function writeQuotaHeaders(
  quotas: readonly Quota[],
  plan: QuotaPlan,
  style: Exclude<QuotaHeaderStyle, false>,
  set: SetHeader,
): void {
  if (quotas.length === 0) return;
  if (style === 'legacy') writeLegacy(quotas, set);
  else writeDraft(quotas, plan, set);
}

function quotaIn({ group, inputs, result }: GroupRecord, index: number, denied: boolean): Quota {
  const rule = group.rules[index];
  const limit = inputs.thresholds?.[index] ?? rule.definition.threshold;
  const cost = inputs.costs?.[index] ?? rule.definition.cost;
  return quotaOf(rule, limit, result.rules[index], result.denied || denied ? cost : 0);
}

function writeDraft(quotas: readonly Quota[], plan: QuotaPlan, set: SetHeader): void {
  let state = '';
  for (const { rule, remaining, resetSeconds } of quotas) {
    state += `${state && ', '}"${rule.name}";r=${remaining};t=${resetSeconds}`;
  }
  set(
    'RateLimit-Policy',
    plan.staticPolicy ?? quotas.map(({ rule, limit }) => quotaPolicy(rule, limit)).join(', '),
  );
  set('RateLimit', state);
}

/** The quota that is nearest to its end stands for all. */
function writeLegacy(quotas: readonly Quota[], set: SetHeader): void {
  const nearest = quotas.reduce((least, quota) => (quota.remaining < least.remaining ? quota : least));
  set('X-RateLimit-Limit', String(nearest.limit));
  set('X-RateLimit-Remaining', String(nearest.remaining));
  set('X-RateLimit-Reset', String(nearest.resetSeconds));
}
