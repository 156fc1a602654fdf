import type { BehaviorEvent } from 'nestjs-behavior-guard';

/** What a persona has met. */
export interface Outcome {
  /** Answers by status; 0 stands for requests that got none. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly firstDenial: Denial | undefined;
  /** What the guard reported of this persona, once each and sorted: `rule: action`. */
  readonly reports: readonly string[];
  /** What else went wrong. */
  readonly trouble: readonly string[];
}

/** The first refused request. */
export interface Denial {
  /** 1 for the persona's first request. */
  readonly request: number;
  readonly status: number;
  /** As the application's `denied` event gives it; the client is not told. */
  readonly reason: string;
}

/** What a persona has to meet. */
export interface Expectation {
  readonly statuses: Readonly<Record<number, number>>;
  readonly firstDenial?: Denial;
  readonly reports: readonly string[];
}

const UNANSWERED = 0;
const THROTTLED = 429;
const BANNED = 403;

/** @param statuses in the order of sending. @param events that concern the persona, in their order. */
export function outcomeOf(
  statuses: readonly number[],
  events: readonly BehaviorEvent[],
  trouble: readonly string[],
): Outcome {
  const index = statuses.findIndex(isDenial);
  const reason = events.find(({ type }) => type === 'denied')?.reason ?? 'no event tells';
  const violations = events.filter(({ type }) => type === 'violation');
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return {
    statuses: counts,
    firstDenial: index < 0 ? undefined : { request: index + 1, status: statuses[index], reason },
    reports: [...new Set(violations.map(({ rule, action }) => `${rule?.name}: ${action}`))].sort(),
    trouble,
  };
}

/** Requests in all, and how many of them reached the application, were throttled, were refused because of a ban. */
export function totalsOf({ statuses }: Pick<Outcome, 'statuses'>) {
  const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  const throttled = statuses[THROTTLED] ?? 0;
  const banned = statuses[BANNED] ?? 0;
  const unanswered = statuses[UNANSWERED] ?? 0;
  return { requests, served: requests - throttled - banned - unanswered, throttled, banned };
}

/** Compares what a persona met with what it has to meet. @returns every difference; none if all is well. */
export function judge(expected: Expectation, outcome: Outcome): string[] {
  const differences = [...outcome.trouble];
  const compare = (what: string, wanted: string, got: string): void => {
    if (wanted !== got) differences.push(`${what}: expected ${wanted}, got ${got}`);
  };
  compare('answers', countsText(expected.statuses), countsText(outcome.statuses));
  compare('first denial', denialText(expected.firstDenial), denialText(outcome.firstDenial));
  compare('reports', listText(expected.reports), listText(outcome.reports));
  return differences;
}

function isDenial(status: number): boolean {
  return status === THROTTLED || status === BANNED;
}

function countsText(statuses: Readonly<Record<number, number>>): string {
  return listText(Object.entries(statuses).map(([status, count]) => `${count} × ${status}`));
}

function denialText(denial: Denial | undefined): string {
  return denial ? `request ${denial.request}, ${denial.status}, ${denial.reason}` : 'none';
}

function listText(items: readonly string[]): string {
  return items.length === 0 ? 'none' : [...items].sort().join(', ');
}
