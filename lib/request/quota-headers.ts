import { quotaPolicy, remaining, resetSeconds } from '../rules/quota.js';
import type { QuotaPlan } from '../rules/quota.js';
import type { GroupRecord, Pass } from '../tracker/pass.js';
import type { Platform } from './platform.js';

/**
 * Which headers tell a client of its quotas: `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers, the older `X-RateLimit-*`, or none.
 */
export type QuotaHeaderStyle = 'draft' | 'legacy' | false;

/** What one request is told of its quotas, by the phases that have passed. */
export class ToldQuotas {
  private policy = '';
  private state = '';
  private limit = 0;
  private remaining = Infinity;
  private resetSeconds = 0;

  /** Adds the quotas of the rules that this pass has asked. */
  add(pass: Pass, plan: QuotaPlan): void {
    for (const record of pass.records) {
      // Of an actor that the storage knew to be banned, nothing was counted.
      if (record.result.banned) continue;
      const { rules } = record.group;
      for (let index = 0; index < rules.length; index++) {
        if (rules[index].told && record.inputs.costs?.[index] !== 0)
          this.addRule(record, index, pass.denied, plan.staticPolicy === undefined);
      }
    }
  }

  /** Writes them all. */
  write(
    plan: QuotaPlan,
    style: Exclude<QuotaHeaderStyle, false>,
    platform: Platform,
    response: object,
  ): void {
    if (this.state === '') return;
    if (style === 'draft') {
      platform.setHeader(response, 'RateLimit-Policy', plan.staticPolicy ?? this.policy);
      platform.setHeader(response, 'RateLimit', this.state);
      return;
    }
    platform.setHeader(response, 'X-RateLimit-Limit', String(this.limit));
    platform.setHeader(response, 'X-RateLimit-Remaining', String(this.remaining));
    platform.setHeader(response, 'X-RateLimit-Reset', String(this.resetSeconds));
  }

  private addRule(
    { group, inputs, result }: GroupRecord,
    index: number,
    denied: boolean,
    needsPolicy: boolean,
  ): void {
    const rule = group.rules[index];
    const { definition, quotaHead } = rule;
    const outcome = result.rules[index];
    const limit = inputs.thresholds?.[index] ?? definition.threshold;
    const cost = inputs.costs?.[index] ?? definition.cost;
    const left = remaining(rule, limit, outcome, result.denied || denied ? cost : 0);
    const reset = resetSeconds(outcome);
    const separator = this.state === '' ? '' : ', ';
    this.state += separator + quotaHead + stateText(left, reset);
    if (needsPolicy) this.policy += separator + quotaPolicy(rule, limit);
    // The quota that is nearest to its end stands for all in the older headers.
    if (left >= this.remaining) return;
    this.limit = limit;
    this.remaining = left;
    this.resetSeconds = reset;
  }
}

const MOST_TEXTS = 4_096;
const MOST_SECONDS = 65_536;
const texts = new Map<number, string>();

/** Most clients stand alike, so most texts have been written before. */
function stateText(left: number, reset: number): string {
  if (reset >= MOST_SECONDS || left >= MOST_SECONDS / 4) return `;r=${left};t=${reset}`;
  const key = left * MOST_SECONDS + reset;
  let text = texts.get(key);
  if (text === undefined) {
    text = `;r=${left};t=${reset}`;
    if (texts.size >= MOST_TEXTS) texts.clear();
    texts.set(key, text);
  }
  return text;
}
