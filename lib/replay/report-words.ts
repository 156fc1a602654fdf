import type { DecisionCounts, ReplayDecision } from './decision.js';
import type { BadLine } from './replay.js';
import type { ReplayReport } from './report.js';
import { count, counted } from './text-table.js';

/** What each decision means, for people who have never seen the tool. */
export const DECISION_WORDS: Readonly<Record<ReplayDecision, string>> = {
  allow: 'nothing to say: served',
  log: 'served; written to the log',
  alert: 'served; an alert is sent',
  warn: 'served; the behaviour is a little unusual',
  delay: 'served after a wait',
  throttle: 'not served (429, come back later)',
  challenge: 'not served before a challenge is solved',
  block: 'not served; the behaviour is not normal',
  ban: 'not served (403); a ban begins',
  refused: 'not served (403), because a ban is in force',
};

/** Decisions in four groups, for timelines. */
export interface DecisionGroups {
  readonly served: number;
  readonly warned: number;
  readonly delayed: number;
  readonly refused: number;
}

/** `served` are those about whom nothing was said. */
export function groupsOf(counts: Partial<DecisionCounts>): DecisionGroups {
  const of = (...keys: readonly ReplayDecision[]): number => {
    return keys.reduce((total, key) => total + (counts[key] ?? 0), 0);
  };
  return {
    served: of('allow'),
    warned: of('log', 'alert', 'warn'),
    delayed: of('delay'),
    refused: of('throttle', 'challenge', 'block', 'ban', 'refused'),
  };
}

/** How thresholds are to be read. */
export const THRESHOLD_WORDS = [
  'For each client the most requests within any window of this length; of all clients the 95th, 99th and 99.9th percentile.',
  'A rule with this threshold would have hit, at least once, as many clients as stand in brackets.',
];

/** What was not as it should be with the logs, one text each. Not escaped. */
export function inputNotes({ files, cut, outOfOrder }: ReplayReport['input']): string[] {
  const notes = files.flatMap(({ file, problem }) => {
    return problem === undefined ? [] : [`${file} could not be read to its end: ${problem}`];
  });
  if (cut > 0) notes.push(`${counted(cut, 'line')} of more than 64 KiB ${cut === 1 ? 'was' : 'were'} cut`);
  if (outOfOrder.lines > 0) {
    const { lines, mostSeconds } = outOfOrder;
    notes.push(
      `${counted(lines, 'line')} came late, by ${count(mostSeconds)} s at most, and counted at the latest time before`,
    );
  }
  return notes;
}

/** Where a line is that was not parsed, and why. Not escaped. */
export function badLineWords({ file, line, problem, text }: BadLine): string {
  return `${file}:${line}: ${problem}${text === '' ? '' : `: ${text}`}`;
}
