import { createHash } from 'node:crypto';
import { DECISIONS, sumOf } from './decision.js';
import type { PlotLibrary } from '../plots/plot-library.js';
import { PAGE_SCRIPT, PAGE_STYLE } from './html-page.js';
import { code, escaped, htmlTable, number, text, type Cell } from './html-text.js';
import { DECISION_WORDS, THRESHOLD_WORDS, badLineWords, groupsOf, inputNotes } from './report-words.js';
import type { ReplayReport, ReportActor } from './report.js';
import { safeJson } from './safe-json.js';
import { count, counted, length, share, shortTime } from './text-table.js';
import type { RouteThresholds } from './thresholds.js';

const MOST_ACTORS = 200;
const MOST_CAUSES = 4;

/** The report as one page that needs nothing else: no request leaves it, and what clients sent is text in it. */
export function htmlReport(report: ReplayReport, plots: PlotLibrary): string {
  const scripts = [plots.script, PAGE_SCRIPT];
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  const policy = `default-src 'none'; script-src ${hashes.join(' ')}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Replay of access logs</title>
<style>${plots.style}</style>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${sections(report).join('\n')}
</main>
<script type="application/json" id="data">${safeJson(plotData(report))}</script>
<script>${scripts[0]}</script>
<script>${scripts[1]}</script>
</body>
</html>
`;
}

function sections(report: ReplayReport): string[] {
  return [
    introduction(report),
    section('Decisions', 'What would have been done with each request.', decisionTable(report)),
    section(
      'Over time',
      timelineWords(report),
      `<div class="plot" id="timeline" role="img" aria-label="Requests over time; the same numbers are in the table below"></div>${timelineTable(report)}`,
    ),
    section(
      'Violations',
      'Which rules and detectors had something to say, and about how many clients.',
      violationTable(report),
    ),
    section('Clients that would have been delayed or refused', actorWords(report), actorTable(report.actors)),
    ...(report.labels
      ? [
          section(
            'Addresses by label',
            'Each labelled address by the strictest decision about it.',
            labelTable(report),
          ),
        ]
      : []),
    section('Suggested thresholds', THRESHOLD_WORDS.join(' '), thresholdSection(report)),
  ];
}

function section(title: string, words: string, content: string): string {
  return `<section>\n<h2>${escaped(title)}</h2>\n<p class="faint">${escaped(words)}</p>\n${content}\n</section>`;
}

function introduction({ input, notReplayable }: ReplayReport): string {
  const when =
    input.from !== undefined && input.to !== undefined
      ? ` of ${counted(input.clients, 'client')}, from ${shortTime(input.from)} to ${shortTime(input.to)} UTC`
      : '';
  const notes = [
    ...inputNotes(input),
    ...notReplayable.map(({ rule, reason }) => `Not replayable: ${rule}: ${reason}.`),
    ...input.firstNotParsed.map((bad) => `Not parsed: ${badLineWords(bad)}`),
  ];
  const list =
    notes.length > 0 ? `<ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>` : '';
  return (
    `<h1>Replay of access logs</h1>\n<p>This page tells what <em>would have happened</em> if the behavior guard, as it is configured, ` +
    `had watched these requests: ${counted(input.parsed, 'request')}${when}. Nobody was refused for it.</p>\n` +
    `<p class="faint">${counted(input.lines, 'line')} read, ${count(input.notParsed)} not parsed.</p>${list}`
  );
}

function decisionTable({ decisions, clientsByDecision, input }: ReplayReport): string {
  const rows = DECISIONS.filter(
    (key) => key === 'allow' || decisions[key] > 0 || clientsByDecision[key] > 0,
  ).map((key) => [
    text(key),
    number(count(decisions[key])),
    number(share(decisions[key], input.parsed)),
    number(key === 'refused' ? '' : count(clientsByDecision[key])),
    text(DECISION_WORDS[key]),
  ]);
  return htmlTable('Decisions', ['decision', '#requests', '#share', '#clients', 'meaning'], rows);
}

function timelineWords({ timeline }: ReplayReport): string {
  return `Requests in steps of ${length(timeline.stepSeconds)}, and how many of them would have been warned of, delayed or refused.`;
}

function timelineTable({ timelineShort }: ReplayReport): string {
  const rows = timelineShort.map(({ start, requests, decisions }) => {
    const { warned, delayed, refused } = groupsOf(decisions);
    return [
      text(shortTime(start), 't'),
      ...[requests, warned, delayed, refused].map((value) => number(count(value))),
    ];
  });
  const table = htmlTable('Timeline', ['from', '#requests', '#warned', '#delayed', '#refused'], rows);
  return `<details><summary>As a table</summary>${table}</details>`;
}

function violationTable({ causes }: ReplayReport): string {
  const rows = causes.map(({ cause, violations, actors, first, last }) => [
    code(cause),
    number(count(violations)),
    number(count(actors)),
    text(first === undefined ? '' : shortTime(first), 't'),
    text(last === undefined ? '' : shortTime(last), 't'),
  ]);
  return rows.length > 0
    ? htmlTable('Violations', ['by', '#violations', '#clients', 'first', 'last'], rows)
    : '<p>None.</p>';
}

function actorWords({ actors }: ReplayReport): string {
  if (actors.length === 0) return 'None.';
  const shown = actors.length > MOST_ACTORS ? `; the first ${MOST_ACTORS} are shown` : '';
  return `${count(actors.length)} clients${shown}. First and last: of all decisions about a client. Flagged: its requests with any decision.`;
}

function actorTable(actors: readonly ReportActor[]): string {
  if (actors.length === 0) return '';
  const rows = actors.slice(0, MOST_ACTORS).map((actor) => {
    const { refused } = groupsOf(actor.decisions);
    return [
      code(actor.actor),
      text(actor.decision, actor.decision === 'delay' ? 'delayed' : 'refused'),
      text(actor.label ?? ''),
      text(shortTime(actor.first), 't'),
      text(shortTime(actor.last), 't'),
      number(count(sumOf(actor.decisions))),
      number(count(refused)),
      whyCell(actor),
    ];
  });
  return htmlTable(
    'Clients',
    ['client', 'decision', 'label', 'first', 'last', '#flagged', '#not served', 'why'],
    rows,
  );
}

function whyCell({ why }: ReportActor): Cell {
  const lines = why.slice(0, MOST_CAUSES).map(({ cause, count: times, text: figures }) => {
    return `${count(times)} × ${escaped(cause)}: ${escaped(figures)}`;
  });
  return { html: lines.join('<br>') };
}

function labelTable({ labels = [] }: ReplayReport): string {
  const rows = labels.map(({ label, addresses, passed, warned, delayed, refused }) => [
    text(label),
    ...[addresses, passed, warned, delayed, refused].map((value) => number(count(value))),
    number(share(refused, addresses)),
  ]);
  const headings = ['label', '#addresses', '#passed', '#warned', '#delayed', '#refused', '#share refused'];
  return htmlTable('Labels', headings, rows);
}

function thresholdSection({ thresholds }: ReplayReport): string {
  const { all, routes, oneClientIn } = thresholds;
  const rows = [all, ...routes].flatMap(thresholdRows);
  const headings = ['route', '#requests', '#clients', '#window', '#p95', '#p99', '#p99.9', '#most'];
  const sampled =
    oneClientIn > 1
      ? `<p>Too many clients to look at all: one in ${oneClientIn} was, and numbers are scaled up.</p>`
      : '';
  return (
    `${sampled}<p>The plot counts all routes together: go along the bottom to a threshold, and up to a line, to see how many clients ` +
    `were ever above it.</p><div class="plot" id="curves" role="img" aria-label="How many clients are above each threshold"></div>` +
    htmlTable('Suggested thresholds', headings, rows)
  );
}

function thresholdRows({ route, requests, clients, windows }: RouteThresholds): Cell[][] {
  return windows.map(({ windowSeconds, most, suggestions }, index) => [
    index === 0 ? code(route) : text(''),
    number(index === 0 ? count(requests) : ''),
    number(index === 0 ? count(clients) : ''),
    number(length(windowSeconds)),
    ...suggestions.map(({ threshold, clientsAbove }) =>
      number(`${count(threshold)} (${count(clientsAbove)})`),
    ),
    number(count(most)),
  ]);
}

/** What the plots need, in columns. */
function plotData({ timeline, thresholds }: ReplayReport): unknown {
  const groups = timeline.steps.map(({ decisions }) => groupsOf(decisions));
  return {
    step: length(timeline.stepSeconds),
    timeline: {
      start: timeline.steps.map(({ start }) => Date.parse(start) / 1000),
      requests: timeline.steps.map(({ requests }) => requests),
      warned: groups.map(({ warned }) => warned),
      delayed: groups.map(({ delayed }) => delayed),
      refused: groups.map(({ refused }) => refused),
    },
    curves: thresholds.curves.map(({ windowSeconds, points }) => {
      // A logarithmic axis has no 0.
      const drawn = points.filter(([, clients]) => clients > 0);
      return { window: length(windowSeconds), x: drawn.map(([x]) => x), y: drawn.map(([, y]) => y) };
    }),
  };
}
