import { z } from 'zod';
import type { ActorView, RiskView, RouteView, RuleView } from '../statistics/counts.js';
import { cut } from '../statistics/event-view.js';
import type { EventView } from '../statistics/event-view.js';
import { KEPT_SECONDS } from '../statistics/counts.js';
import type { LiveStatistics, Totals } from '../statistics/live-statistics.js';

/** Of the text of a notice. */
export const LONGEST_NOTICE_BYTES = 65_536;
/** Of each list; halved until the text is short enough. */
const MOST_ROWS = 50;
const LONGEST_REASON = 160;
const LONGEST_NAME = 300;
const MOST_SERIES = 24;
/** Sums over all instances stay exact. */
const MOST_COUNT = 1e12;

/** Who puts up a notice. */
export interface InstanceIdentity {
  /** Of this start of this process, at random. */
  readonly id: string;
  /** For people: host and process. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** What one instance has counted: the top of each list. */
export interface Notice extends InstanceIdentity {
  /** Of this format: another one is not read. */
  readonly format: 1;
  /** Time of this notice in milliseconds since the epoch, by its instance's clock. */
  readonly now: number;
  /** Changes with everything that is counted. */
  readonly version: number;
  readonly banVersion: number;
  readonly lastEventId: number;
  readonly totals: Totals;
  /** Counts by second, each up to the second of `now`, without the zeros before the first count. */
  readonly series: Readonly<Record<string, readonly number[]>>;
  readonly actors: readonly ActorView[];
  readonly risks: readonly RiskView[];
  readonly rules: readonly RuleView[];
  readonly routes: readonly RouteView[];
  /** Newest first. */
  readonly events: readonly EventView[];
}

/** What an instance tells the others, as text of at most 64 KiB: the busier it is, the less of each list. */
export function noticeText(statistics: LiveStatistics, identity: InstanceIdentity, now: number): string {
  let text = '';
  for (let rows = MOST_ROWS, seconds = KEPT_SECONDS; rows > 0; rows >>= 1, seconds >>= 1) {
    text = JSON.stringify(noticeOf(statistics, identity, { now, rows, seconds }));
    if (Buffer.byteLength(text) <= LONGEST_NOTICE_BYTES) return text;
  }
  return text;
}

function noticeOf(
  statistics: LiveStatistics,
  identity: InstanceIdentity,
  { now, rows, seconds }: { readonly now: number; readonly rows: number; readonly seconds: number },
): Notice {
  const { series } = statistics.seconds(seconds);
  return {
    format: 1,
    ...identity,
    now,
    version: statistics.version,
    banVersion: statistics.banVersion,
    lastEventId: statistics.lastEventId,
    totals: statistics.totals(),
    series: Object.fromEntries(Object.entries(series).map(([name, counts]) => [name, trimmed(counts)])),
    actors: statistics.topActors(rows).map(shortened),
    risks: statistics.topRisks(rows),
    rules: statistics.topRules(rows).map(shortened),
    routes: statistics.topRoutes(rows),
    events: statistics.events(rows),
  };
}

function trimmed(counts: readonly number[]): readonly number[] {
  const first = counts.findIndex((count) => count > 0);
  return first === -1 ? [] : counts.slice(first);
}

function shortened<T extends { readonly reason: string }>(row: T): T {
  return { ...row, reason: cut(row.reason, LONGEST_REASON) };
}

/** What is in many places of a notice. Schemas are built for the first notice: where there is no dashboard, there is none. */
const fieldSchemas = () => ({
  count: z.number().int().min(0).max(MOST_COUNT),
  time: z.number().int().min(0).max(8.64e15),
  rate: z.number().min(0).max(MOST_COUNT),
  name: z.string().max(LONGEST_NAME),
  reason: z.string().max(600),
  word: z.string().max(64),
});
type FieldSchemas = ReturnType<typeof fieldSchemas>;
const rows = <T extends z.ZodType>(row: T) => z.array(row).max(MOST_ROWS);

const assessmentSchema = ({ name, reason, word }: FieldSchemas) =>
  z.object({
    by: z.enum(['risk', 'bot']),
    decision: word,
    score: z.number().min(0).max(1),
    contributions: z.array(z.object({ name, share: z.number().min(-1).max(1), text: reason })).max(16),
  });
const eventSchema = (
  { count, time, name, reason, word }: FieldSchemas,
  assessment: ReturnType<typeof assessmentSchema>,
) =>
  z.object({
    id: count,
    type: word,
    time,
    actor: name,
    endpoint: name,
    action: word,
    passive: z.boolean(),
    reason,
    rule: name.exactOptional(),
    count: count.exactOptional(),
    bannedUntil: time.nullable().exactOptional(),
    method: name.exactOptional(),
    path: name.exactOptional(),
    address: name.exactOptional(),
    userAgent: name.exactOptional(),
    status: count.exactOptional(),
    assessment: assessment.exactOptional(),
  });
/** Names of series become names of members: none that means something to an object. */
const seriesSchema = () =>
  z
    .record(z.string().regex(/^[a-z][a-z_]{0,31}$/), z.custom<readonly number[]>(areCounts))
    .refine((series) => Object.keys(series).length <= MOST_SERIES);
function noticeSchema(): z.ZodType<Notice> {
  const fields = fieldSchemas();
  const { count, time, rate, name, reason, word } = fields;
  const assessment = assessmentSchema(fields);
  const counts = { violations: count, passive: count, denials: count, time, reason, overcount: count };
  return z.object({
    format: z.literal(1),
    id: z.string().regex(/^[0-9a-f]{16}$/),
    name: word.min(1),
    since: time,
    now: time,
    version: count,
    banVersion: count,
    lastEventId: count,
    totals: z.object({
      requestsPerSecond: rate,
      denialsPerSecond: rate,
      requests: count,
      denials: count,
      violations: count,
      passiveViolations: count,
    }),
    series: seriesSchema(),
    actors: rows(z.object({ actor: name, ...counts })),
    risks: rows(z.object({ actor: name, assessment, time, action: word, endpoint: name })),
    rules: rows(z.object({ rule: name, ...counts })),
    routes: rows(
      z.object({ endpoint: name, admitted: count, denials: count, violations: count, passive: count }),
    ),
    events: rows(eventSchema(fields, assessment)),
  });
}

let notices: z.ZodType<Notice> | undefined;

/** Thousands of numbers, one by one: a schema for each would take twenty times as long. */
function areCounts(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= KEPT_SECONDS &&
    value.every((each) => Number.isInteger(each) && each >= 0 && each <= MOST_COUNT)
  );
}

/** What a text says, which anybody may have written; `undefined` if it is damaged, hostile or of another format. */
export function readNotice(text: string): Notice | undefined {
  try {
    return (notices ??= noticeSchema()).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
