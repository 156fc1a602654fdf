import { rankOf } from '../statistics/counts.js';
import type { ActorView, Counts, RiskView, RouteCounts, RuleView, RouteView } from '../statistics/counts.js';
import type { EventView } from '../statistics/event-view.js';
import type { Totals } from '../statistics/live-statistics.js';
import type { SecondColumns } from '../statistics/second-ring.js';

// Sums over instances. All pure; each takes a list for each instance.

/** Series beyond this many are counted together. */
const MOST_SERIES = 24;
const OTHERS = 'other';

/** An event, and the id of its instance if that is another one. */
export type SharedEvent = EventView & { readonly instance?: string };

/** Counts of one instance by second: each list up to the same second, `end`. */
export interface SecondLists {
  readonly end: number;
  readonly series: Readonly<Record<string, readonly number[]>>;
}

/** Rates and counts of all. Never empty. */
export function addTotals(all: readonly Totals[]): Totals {
  const sum = (name: keyof Totals): number => all.reduce((total, each) => total + each[name], 0);
  return {
    requestsPerSecond: sum('requestsPerSecond'),
    denialsPerSecond: sum('denialsPerSecond'),
    requests: sum('requests'),
    denials: sum('denials'),
    violations: sum('violations'),
    passiveViolations: sum('passiveViolations'),
  };
}

/** Adds counts of others to these, second by second; what is outside of these seconds is left out. O(all counts). */
export function addSeconds(own: SecondColumns, others: readonly SecondLists[]): SecondColumns {
  const { seconds } = own;
  const first = seconds[0] ?? 0;
  const sums = new Map(Object.entries(own.series).map(([name, counts]) => [name, [...counts]]));
  for (const { end, series } of others) {
    for (const [given, counts] of Object.entries(series)) {
      const name = sums.has(given) || sums.size < MOST_SERIES - 1 ? given : OTHERS;
      const sum = sums.get(name) ?? seconds.map(() => 0);
      sums.set(name, sum);
      // By index of these seconds, the first of those.
      const from = end - counts.length + 1 - first;
      for (let at = Math.max(0, -from); at < counts.length && from + at < sum.length; at++)
        sum[from + at] += counts[at];
    }
  }
  return { seconds, series: Object.fromEntries(sums) };
}

/** Clients by their counts on all instances, the highest `most` first. */
export function addActors(lists: readonly (readonly ActorView[])[], most: number): readonly ActorView[] {
  return addCounts(lists, ({ actor }) => actor, most);
}

/** The same for rules. */
export function addRules(lists: readonly (readonly RuleView[])[], most: number): readonly RuleView[] {
  return addCounts(lists, ({ rule }) => rule, most);
}

/** Two counts of one thing, with the reason that was the last one. */
export function addTwo<T extends Readonly<Counts>>(one: T, other: T): T {
  return {
    ...(one.time >= other.time ? one : other),
    violations: one.violations + other.violations,
    passive: one.passive + other.passive,
    denials: one.denials + other.denials,
    overcount: one.overcount + other.overcount,
  };
}

/** Routes by their counts on all instances. */
export function addRoutes(lists: readonly (readonly RouteView[])[], most: number): readonly RouteView[] {
  const add = (one: RouteView, other: RouteView): RouteView => ({
    endpoint: one.endpoint,
    admitted: one.admitted + other.admitted,
    denials: one.denials + other.denials,
    violations: one.violations + other.violations,
    passive: one.passive + other.passive,
  });
  const rank = ({ admitted, denials, violations }: RouteCounts): number => admitted + denials + violations;
  const all = joined(lists, ({ endpoint }) => endpoint, add);
  return all.sort((a, b) => rank(b) - rank(a)).slice(0, most);
}

/** The last assessment of each client, the riskiest first. */
export function latestRisks(lists: readonly (readonly RiskView[])[], most: number): readonly RiskView[] {
  const all = joined(
    lists,
    ({ actor }) => actor,
    (one, other) => (one.time >= other.time ? one : other),
  );
  return all.sort((a, b) => b.assessment.score - a.assessment.score).slice(0, most);
}

/** Events in the order of their times, newest first. The end of a ban is seen by every instance, and is there once. */
export function newestEvents(
  lists: readonly (readonly SharedEvent[])[],
  most: number,
): readonly SharedEvent[] {
  const seen = new Set<string>();
  const once = lists.flat().filter((event) => {
    if (event.type !== 'ban_expired' && event.type !== 'ban_lifted') return true;
    const { type, actor, endpoint, bannedUntil } = event;
    const key = JSON.stringify([type, actor, endpoint, bannedUntil]);
    return !seen.has(key) && seen.add(key);
  });
  return once.sort((a, b) => b.time - a.time).slice(0, most);
}

function addCounts<T extends Readonly<Counts>>(
  lists: readonly (readonly T[])[],
  keyOf: (row: T) => string,
  most: number,
): readonly T[] {
  return joined(lists, keyOf, addTwo)
    .sort((a, b) => rankOf(b) - rankOf(a))
    .slice(0, most);
}

function joined<T>(
  lists: readonly (readonly T[])[],
  keyOf: (row: T) => string,
  join: (one: T, other: T) => T,
): T[] {
  const rows = new Map<string, T>();
  for (const row of lists.flat()) {
    const key = keyOf(row);
    const known = rows.get(key);
    rows.set(key, known === undefined ? row : join(known, row));
  }
  return [...rows.values()];
}
