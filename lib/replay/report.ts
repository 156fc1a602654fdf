import type { ActorRecord, CauseTotal } from './actor-log.js';
import { DECISIONS, rankOf, sumOf, type DecisionCounts, type ReplayDecision } from './decision.js';
import type { LabelRow } from './labels.js';
import type { BadLine, Replay } from './replay.js';
import type { NotReplayable } from './replay-rules.js';
import { curvesOf, thresholdsOf, type RouteThresholds, type ThresholdCurve } from './thresholds.js';
import type { TimelineStep } from './timeline.js';

/** What was read of one log. */
export interface ReadLog {
  readonly file: string;
  readonly lines: number;
  /** Why it could not be read to its end. */
  readonly problem?: string;
}

/** One step of the timeline, in a report. */
export interface ReportStep {
  /** ISO 8601, UTC. */
  readonly start: string;
  readonly requests: number;
  /** Of those that are not 0. */
  readonly decisions: Partial<DecisionCounts>;
}

/** Why something was decided about an actor. */
export interface ReportCause {
  readonly cause: string;
  /** What it led to, at most. */
  readonly decision: ReplayDecision;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** The figures of the first time. */
  readonly text: string;
}

/** One actor that would have been delayed or refused. */
export interface ReportActor {
  readonly actor: string;
  /** For a firewall: the address, or the network of an IPv6 client. Absent where the log names the client otherwise. */
  readonly address?: string;
  readonly label?: string;
  /** The strictest decision. */
  readonly decision: ReplayDecision;
  /** Of any decision about it, ISO 8601, UTC. */
  readonly first: string;
  readonly last: string;
  readonly decisions: Partial<DecisionCounts>;
  readonly why: readonly ReportCause[];
}

/** What a rule or a detector said. */
export interface ReportTotal {
  readonly cause: string;
  readonly violations: number;
  readonly actors: number;
  /** Absent where there were none. */
  readonly first?: string;
  readonly last?: string;
}

/** Everything that a replay found out, as `--json` writes it. The same log and settings give the same report. */
export interface ReplayReport {
  /** Version of this format. */
  readonly format: 1;
  readonly input: {
    readonly files: readonly ReadLog[];
    readonly lines: number;
    readonly parsed: number;
    readonly notParsed: number;
    readonly firstNotParsed: readonly BadLine[];
    /** Longer than 64 KiB. */
    readonly cut: number;
    readonly outOfOrder: { readonly lines: number; readonly mostSeconds: number };
    /** ISO 8601, UTC; absent without requests. */
    readonly from?: string;
    readonly to?: string;
    /** An estimate where `thresholds.oneClientIn` is above 1. */
    readonly clients: number;
  };
  /** Requests by decision. */
  readonly decisions: DecisionCounts;
  /** Clients by their strictest decision. */
  readonly clientsByDecision: DecisionCounts;
  readonly causes: readonly ReportTotal[];
  readonly notReplayable: readonly NotReplayable[];
  readonly actors: readonly ReportActor[];
  /** Requests with a decision about actors beyond those that can be listed. */
  readonly unlistedRequests: number;
  readonly labels?: readonly LabelRow[];
  readonly timeline: { readonly stepSeconds: number; readonly steps: readonly ReportStep[] };
  /** The same, short enough for a page of text. */
  readonly timelineShort: readonly ReportStep[];
  readonly thresholds: {
    /** Only every so-manieth client was looked at; numbers of clients are scaled up. */
    readonly oneClientIn: number;
    readonly all: RouteThresholds;
    readonly curves: readonly ThresholdCurve[];
    readonly routes: readonly RouteThresholds[];
  };
}

/** What a report needs beside the replay. */
export interface ReportParts {
  readonly files: readonly ReadLog[];
  /** Names of all causes that are possible from the start, so that those without violations are shown, too. */
  readonly ruleLabels: readonly string[];
  readonly notReplayable: readonly NotReplayable[];
}

/** Most routes with thresholds of their own. */
export const MOST_REPORTED_ROUTES = 50;
const SHORT_TIMELINE = 30;

/** The report of a replay that has come to its end. */
export function reportOf(replay: Replay, { files, ruleLabels, notReplayable }: ReportParts): ReplayReport {
  const { routes, actors, timeline } = replay;
  const labels = replay.settings.labels?.rows();
  const byDecision = actors.byDecision();
  const clients = routes.all.clients.size * routes.oneIn;
  return {
    format: 1,
    input: inputOf(replay, files, clients),
    decisions: replay.decisions,
    clientsByDecision: { ...byDecision, allow: Math.max(0, clients - sumOf(byDecision)) },
    causes: totalsOf(actors.totals, ruleLabels),
    notReplayable,
    actors: actors.listed().map(actorOf),
    unlistedRequests: actors.unlisted,
    ...(labels ? { labels } : {}),
    timeline: { stepSeconds: timeline.stepMs / 1000, steps: timeline.all().map(stepOf) },
    timelineShort: timeline.joined(SHORT_TIMELINE).map(stepOf),
    thresholds: {
      oneClientIn: routes.oneIn,
      all: thresholdsOf(routes.all, routes),
      curves: curvesOf(routes.all, routes),
      routes: routes.top(MOST_REPORTED_ROUTES).map((use) => thresholdsOf(use, routes)),
    },
  };
}

function inputOf(replay: Replay, files: readonly ReadLog[], clients: number): ReplayReport['input'] {
  const { lines, parsed, badLines, cut, outOfOrder, mostOutOfOrderMs, firstMs, lastMs } = replay;
  return {
    files,
    lines,
    parsed,
    notParsed: lines - parsed,
    firstNotParsed: badLines,
    cut,
    outOfOrder: { lines: outOfOrder, mostSeconds: mostOutOfOrderMs / 1000 },
    ...(parsed > 0 ? { from: isoTime(firstMs), to: isoTime(lastMs) } : {}),
    clients,
  };
}

function totalsOf(totals: ReadonlyMap<string, CauseTotal>, ruleLabels: readonly string[]): ReportTotal[] {
  const names = new Set([...ruleLabels, ...[...totals.keys()].sort()]);
  return [...names].map((cause) => {
    const total = totals.get(cause);
    if (!total) return { cause, violations: 0, actors: 0 };
    const { violations, actors, firstMs, lastMs } = total;
    return { cause, violations, actors, first: isoTime(firstMs), last: isoTime(lastMs) };
  });
}

function actorOf(record: ActorRecord): ReportActor {
  const why = [...record.causes.values()].map(({ name, decision, count, firstMs, lastMs, text }) => {
    return { cause: name, decision, count, first: isoTime(firstMs), last: isoTime(lastMs), text };
  });
  return {
    actor: record.actor,
    ...(record.address === undefined ? {} : { address: record.address }),
    ...(record.label === undefined ? {} : { label: record.label }),
    decision: record.decision,
    first: isoTime(record.firstMs),
    last: isoTime(record.lastMs),
    decisions: nonZero(record.counts),
    why: why.sort((a, b) => {
      return rankOf(b.decision) - rankOf(a.decision) || b.count - a.count || (a.cause < b.cause ? -1 : 1);
    }),
  };
}

function stepOf({ startMs, counts }: TimelineStep): ReportStep {
  return { start: isoTime(startMs), requests: sumOf(counts), decisions: nonZero(counts) };
}

function nonZero(counts: DecisionCounts): Partial<DecisionCounts> {
  return Object.fromEntries(DECISIONS.filter((key) => counts[key] > 0).map((key) => [key, counts[key]]));
}

/** ISO 8601, UTC, without fractions that are 0. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
