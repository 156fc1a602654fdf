import type { Ban, BanTerms } from '../storage.js';
import type { BanTable } from '../bans/ban-table.js';
import type { LaidOutRule } from './layout.js';

/**
 * How long a ban lasts, in milliseconds: grown by `factor` with each further offence, at most `maxMs`, at least
 * `durationMs`.
 *
 * @param offences remembered, this one included: an integer >= 1.
 */
export function banDurationMs({ durationMs, factor, maxMs }: BanTerms, offences: number): number {
  let grownMs = durationMs;
  // Step by step, as every storage does: a power would be rounded otherwise. A factor above 1 soon reaches any maximum.
  for (let i = 1; i < offences && factor > 1 && grownMs < maxMs; i++) grownMs *= factor;
  return Math.max(durationMs, Math.floor(Math.min(grownMs, maxMs)));
}

/**
 * Puts the longest ban of the violated, active ban rules in force, as one offence. A ban of the same place that lasts
 * longer keeps its end.
 *
 * @param rules at least one of them is violated and bans.
 * @returns the ban.
 */
export function punish(rules: readonly LaidOutRule[], actor: string, nowMs: number, table: BanTable): Ban {
  const offences = table.offences(actor, nowMs) + 1;
  const terms = rules.flatMap(({ violated, bans, ban }) => (violated && bans && ban ? [ban] : []));
  const longest = terms.reduce((a, b) => (banDurationMs(b, offences) > banDurationMs(a, offences) ? b : a));
  const { route, reason, memoryMs } = longest;
  const until = Math.max(nowMs + banDurationMs(longest, offences), table.endOf(actor, route));
  const where = route === undefined ? {} : { route };
  const ban: Ban = { actor, ...where, since: nowMs, until, offences, reason };
  table.remember(actor, offences, nowMs + memoryMs, nowMs);
  table.set(ban);
  return ban;
}
