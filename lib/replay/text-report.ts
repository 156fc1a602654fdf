import { logText } from '../events/log-text.js';
import { DECISIONS, sumOf } from './decision.js';
import { DECISION_WORDS, THRESHOLD_WORDS, badLineWords, groupsOf, inputNotes } from './report-words.js';
import type { ReplayReport, ReportActor, ReportStep } from './report.js';
import { count, counted, length, share, shortTime, shortened, textTable, type Column } from './text-table.js';
import type { RouteThresholds } from './thresholds.js';

/** How a report is written. */
export interface TextReportOptions {
  /** Actors and routes shown. */
  readonly top: number;
  /** Headings in bold, for a terminal. */
  readonly colour: boolean;
}

const BAR = 30;

/** The report as text, lines ended by line feeds. Nothing that a client sent reaches it unescaped. */
export function textReport(report: ReplayReport, { top, colour }: TextReportOptions): string {
  const heading = (title: string): string => (colour ? `\u001b[1m${title}\u001b[0m` : title);
  const sections: [title: string, lines: readonly string[]][] = [
    ['Input', inputLines(report)],
    ['Decisions', decisionLines(report)],
    ['Violations', violationLines(report)],
    ['Clients that would have been delayed or refused', actorLines(report.actors, top)],
    ['Addresses by label', labelLines(report)],
    ['Timeline (UTC)', timelineLines(report.timelineShort)],
    ['Suggested thresholds', thresholdLines(report, top)],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${heading(title)}\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`)
    .join('\n');
}

function inputLines({ input }: ReplayReport): string[] {
  const { lines, parsed, notParsed, clients, from, to, firstNotParsed } = input;
  const text = [`${counted(lines, 'line')} read: ${count(parsed)} parsed, ${count(notParsed)} not parsed`];
  if (from !== undefined && to !== undefined)
    text.push(`${counted(clients, 'client')}, ${shortTime(from)} to ${shortTime(to)} UTC`);
  text.push(...inputNotes(input).map((note) => logText(note)));
  if (firstNotParsed.length > 0) text.push('Not parsed, the first:');
  for (const bad of firstNotParsed) text.push(`  ${logText(badLineWords(bad), 160)}`);
  return text;
}

function decisionLines({ decisions, clientsByDecision }: ReplayReport): string[] {
  const total = DECISIONS.reduce((sum, decision) => sum + decisions[decision], 0);
  const shown = DECISIONS.filter(
    (key) => key === 'allow' || decisions[key] > 0 || clientsByDecision[key] > 0,
  );
  return textTable(
    [{ title: 'decision' }, right('requests'), right('share'), right('clients'), { title: 'meaning' }],
    shown.map((key) => [
      key,
      count(decisions[key]),
      share(decisions[key], total),
      key === 'refused' ? '' : count(clientsByDecision[key]),
      DECISION_WORDS[key],
    ]),
  );
}

function violationLines({ causes, notReplayable }: ReplayReport): string[] {
  const table = textTable(
    [{ title: 'by', most: 70 }, right('violations'), right('clients'), { title: 'first' }, { title: 'last' }],
    causes.map(({ cause, violations, actors, first, last }) => [
      logText(cause),
      count(violations),
      count(actors),
      first === undefined ? '' : shortTime(first),
      last === undefined ? '' : shortTime(last),
    ]),
  );
  const left = notReplayable.map(({ rule, reason }) => `not replayable: ${logText(rule)}: ${reason}`);
  return [...(causes.length > 0 ? table : ['none']), ...left];
}

function actorLines(actors: readonly ReportActor[], top: number): string[] {
  if (actors.length === 0) return ['none'];
  const table = textTable(
    [
      { title: 'client', most: 44 },
      { title: 'decision' },
      { title: 'first' },
      { title: 'last' },
      right('flagged'),
      right('not served'),
      { title: 'why', most: 110 },
    ],
    actors
      .slice(0, top)
      .map((actor) => [
        logText(actor.actor),
        actor.decision,
        shortTime(actor.first),
        shortTime(actor.last),
        count(sumOf(actor.decisions)),
        count(groupsOf(actor.decisions).refused),
        whyOf(actor),
      ]),
  );
  const more = actors.length - top;
  return more > 0 ? [...table, `… and ${count(more)} more (--top, --json)`] : table;
}

/** The strictest cause with the figures of its first time, and how many others there are. */
function whyOf({ why }: ReportActor): string {
  if (why.length === 0) return '';
  const [{ cause, text, count: times }] = why;
  const others = why.length > 1 ? `; and ${why.length - 1} more` : '';
  return `${count(times)} × ${logText(cause)}: ${logText(text)}${others}`;
}

function labelLines({ labels }: ReplayReport): string[] {
  if (!labels) return [];
  if (labels.length === 0) return ['no labelled address is in the log'];
  return textTable(
    [
      { title: 'label', most: 40 },
      right('addresses'),
      right('passed'),
      right('warned'),
      right('delayed'),
      right('refused'),
      right('share refused'),
    ],
    labels.map(({ label, addresses, passed, warned, delayed, refused }) => [
      logText(label),
      ...[addresses, passed, warned, delayed, refused].map(count),
      share(refused, addresses),
    ]),
  );
}

function timelineLines(steps: readonly ReportStep[]): string[] {
  if (steps.length === 0) return [];
  const most = Math.max(...steps.map(({ requests }) => requests));
  return textTable(
    [
      { title: 'from' },
      right('requests'),
      right('warned'),
      right('delayed'),
      right('refused'),
      { title: '' },
    ],
    steps.map(({ start, requests, decisions }) => {
      const { warned, delayed, refused } = groupsOf(decisions);
      const bar = Math.round((requests / most) * BAR);
      const dark = Math.min(bar, Math.ceil((refused / most) * BAR));
      const drawn = '█'.repeat(dark) + '░'.repeat(bar - dark);
      return [shortTime(start), ...[requests, warned, delayed, refused].map(count), drawn];
    }),
  );
}

function thresholdLines({ thresholds, input }: ReplayReport, top: number): string[] {
  if (input.parsed === 0) return [];
  const { all, routes, oneClientIn } = thresholds;
  const shown = routes.slice(0, top);
  const lines = [
    ...THRESHOLD_WORDS,
    '',
    ...textTable(
      [
        { title: 'route', most: 60 },
        right('requests'),
        right('clients'),
        right('window'),
        ...['p95', 'p99', 'p99.9', 'most'].map(right),
      ],
      [all, ...shown].flatMap(thresholdRows),
    ),
  ];
  if (routes.length > shown.length)
    lines.push(`… and ${count(routes.length - shown.length)} more (--top, --json)`);
  if (oneClientIn > 1)
    lines.push(`Too many clients to look at all: one in ${oneClientIn} was, and numbers are scaled up.`);
  return lines;
}

function thresholdRows({ route, requests, clients, windows }: RouteThresholds): string[][] {
  return windows.map(({ windowSeconds, most, suggestions }, index) => [
    index === 0 ? shortened(logText(route), 60) : '',
    index === 0 ? count(requests) : '',
    index === 0 ? count(clients) : '',
    length(windowSeconds),
    ...suggestions.map(({ threshold, clientsAbove }) => `${count(threshold)} (${count(clientsAbove)})`),
    count(most),
  ]);
}

function right(title: string): Column {
  return { title, align: 'right' };
}
