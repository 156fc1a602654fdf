/** What would have been done with a request, mildest first. */
export const DECISIONS = [
  'allow',
  'log',
  'alert',
  'warn',
  'delay',
  'throttle',
  'challenge',
  'block',
  'ban',
  'refused',
] as const;

/** `refused`: a ban was in force. `block` is the risk engine's and the bots'; the others are as in rules. */
export type ReplayDecision = (typeof DECISIONS)[number];

/** How strict a decision is, from 0. */
export function rankOf(decision: ReplayDecision): number {
  return RANKS[decision];
}

const RANKS = Object.fromEntries(DECISIONS.map((decision, rank) => [decision, rank])) as Readonly<
  Record<ReplayDecision, number>
>;

/** From here on the client notices something, and is listed. */
export const LISTED_FROM = RANKS.delay;
/** From here on the request is not served, and the client belongs on a block list. */
export const REFUSED_FROM = RANKS.throttle;

/** Counts by decision. */
export type DecisionCounts = Record<ReplayDecision, number>;

/** No decision yet. */
export function noDecisions(): DecisionCounts {
  return Object.fromEntries(DECISIONS.map((decision) => [decision, 0])) as DecisionCounts;
}

/** All of them together. */
export function sumOf(counts: Partial<DecisionCounts>): number {
  return DECISIONS.reduce((total, decision) => total + (counts[decision] ?? 0), 0);
}
