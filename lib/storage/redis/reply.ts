import type {
  Ban,
  HistoryNews,
  HistoryQuery,
  KeptEvent,
  RecordRequest,
  RecordResult,
  RuleOutcome,
} from '../storage.js';
import type { Plan } from './plan.js';

/** Bits of the state that the script `record` returns. */
const DENIED = 1;
const WOULD_DENY = 2;
const VIOLATIONS = 4;
const BANNED_BY_THIS = 8;
const BANNED_BEFORE = 16;
const TOO_LATE = 32;
const FAILED = 64;
const NEWS = 128;

const LENGTH_BYTES = 2;
const TIME_BYTES = 6;
const HEAD_BYTES = 7;
const COUNT_BYTES = 5;
const ROW_BYTES = 11;
const VIOLATION_BYTES = 7;
const BAN_BYTES = 20;
const NEWS_BYTES = 14;

const LEFT_OUT: RuleOutcome = { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };

/** The answer to one request, among those of others. */
export interface Reply {
  readonly bytes: Buffer;
  /** First byte. */
  readonly at: number;
  /** After the last byte. */
  readonly end: number;
}

/** The answers to so many requests of one command. */
export function splitReplies(bytes: Buffer, requests: number): Reply[] {
  if (requests === 1) return [{ bytes, at: 0, end: bytes.length }];
  const replies = new Array<Reply>(requests);
  let at = requests * LENGTH_BYTES;
  for (let i = 0; i < requests; i++) {
    const end = at + bytes.readUInt16BE(i * LENGTH_BYTES);
    replies[i] = { bytes, at, end };
    at = end;
  }
  return replies;
}

/** Server time of a reply, in milliseconds since the epoch. */
export function timeOf({ bytes, at }: Reply): number {
  return uint48(bytes, at);
}

/** Whether the command arrived after its deadline, and did nothing. */
export function isTooLate(reply: Reply): boolean {
  return (stateOf(reply) & TOO_LATE) !== 0;
}

/** What went wrong with this request alone; `undefined`: nothing. */
export function errorIn(reply: Reply): string | undefined {
  const { bytes, at, end } = reply;
  return stateOf(reply) & FAILED ? bytes.toString('utf8', at + HEAD_BYTES, end) : undefined;
}

/** The verdict in a reply of the script `record`. */
export function readResult(reply: Reply, plan: Plan, request: RecordRequest): RecordResult {
  const { actor, route, histories: asked = [] } = request;
  const { bytes } = reply;
  const state = stateOf(reply);
  const head = reply.at + HEAD_BYTES;
  const { histories, end } = (state & NEWS) === 0 ? { end: reply.end } : readHistories(reply, asked);
  if (state & BANNED_BEFORE) {
    const where = bytes[head] === 1 ? route : undefined;
    const banned = readBan(bytes.subarray(head + 1, end), actor, where);
    return { banned, denied: true, wouldDeny: true, rules: [] };
  }
  const { order } = plan;
  const endOfRows = head + order.length * ROW_BYTES;
  const violations = (state & VIOLATIONS) === 0 ? undefined : endOfRows;
  const rules = new Array<RuleOutcome>(order.length);
  for (let row = 0; row < order.length; row++) rules[order[row]] = readRow(bytes, head, row, violations);
  const denied = (state & DENIED) !== 0;
  const wouldDeny = (state & WOULD_DENY) !== 0;
  const verdict = histories ? { denied, wouldDeny, rules, histories } : { denied, wouldDeny, rules };
  if (!(state & BANNED_BY_THIS)) return verdict;
  const place = endOfRows + order.length * VIOLATION_BYTES;
  const cause = plan.queries[order[bytes[place]]].ban;
  return { ...verdict, ban: readBan(bytes.subarray(place + 1, end), actor, cause?.route) };
}

/** What each of so many counters holds, in a reply to counts; nothing if the actor is banned meanwhile. */
export function readCounts(reply: Reply, counters: number): number[] {
  if (stateOf(reply) & BANNED_BEFORE) return [];
  const counts = new Array<number>(counters);
  for (let row = 0; row < counters; row++) {
    counts[row] = uint40(reply.bytes, reply.at + HEAD_BYTES + row * ROW_BYTES);
  }
  return counts;
}

/** From the last one back, for the number of events stands at the end. */
function readHistories(
  { bytes, end }: Reply,
  asked: readonly HistoryQuery[],
): { histories: (HistoryNews | undefined)[]; end: number } {
  const histories = new Array<HistoryNews | undefined>(asked.length);
  let at = end;
  for (let index = asked.length - 1; index >= 0; index--) {
    const size = TIME_BYTES + asked[index].events[0].length;
    at -= NEWS_BYTES;
    const position = at;
    const count = bytes.readUInt16BE(position + 12);
    at -= count * size;
    if (count === 0) continue;
    const events = new Array<KeptEvent>(count);
    for (let i = 0; i < count; i++) {
      const start = at + i * size;
      const event = bytes.toString('latin1', start + TIME_BYTES, start + size);
      events[i] = { timeMs: uint48(bytes, start), event };
    }
    const [born, next, revision] = [0, 4, 8].map((offset) => bytes.readUInt32BE(position + offset));
    histories[index] = { born, next, revision, events };
  }
  return { histories, end: at };
}

/** A ban as Redis keeps it: since and until (doubles), offences (4 bytes), reason. */
export function readBan(bytes: Buffer, actor: string, route: string | undefined): Ban {
  return {
    actor,
    ...(route === undefined ? {} : { route }),
    since: bytes.readDoubleBE(0),
    until: bytes.readDoubleBE(8),
    offences: bytes.readUInt32BE(16),
    reason: bytes.toString('utf8', BAN_BYTES),
  };
}

function stateOf({ bytes, at }: Reply): number {
  return bytes[at + TIME_BYTES];
}

/** Five bytes, most significant first. A tenth of what Buffer's own readers of any size take. */
function uint40(bytes: Buffer, at: number): number {
  return bytes[at] * 2 ** 32 + uint32(bytes, at + 1);
}

/** Six bytes. */
function uint48(bytes: Buffer, at: number): number {
  return ((bytes[at] << 8) | bytes[at + 1]) * 2 ** 32 + uint32(bytes, at + 2);
}

function uint32(bytes: Buffer, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function readRow(bytes: Buffer, head: number, row: number, violations: number | undefined): RuleOutcome {
  const at = head + row * ROW_BYTES;
  const count = uint40(bytes, at);
  if (count === 0) return LEFT_OUT;
  const resetMs = uint48(bytes, at + COUNT_BYTES);
  if (violations === undefined) return { count, violated: false, retryAfterMs: 0, resetMs, report: false };
  const place = violations + row * VIOLATION_BYTES;
  const retryAfterMs = uint48(bytes, place + 1);
  return {
    count,
    violated: (bytes[place] & 1) !== 0,
    retryAfterMs,
    resetMs,
    report: (bytes[place] & 2) !== 0,
  };
}
