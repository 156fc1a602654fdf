import type { Ban, RecordRequest, RecordResult, RuleOutcome } from '../storage.js';
import type { Plan } from './plan.js';

/** Bits of the state that the script `record` returns. */
const DENIED = 1;
const WOULD_DENY = 2;
const VIOLATIONS = 4;
const BANNED_BY_THIS = 8;
const BANNED_BEFORE = 16;
const TOO_LATE = 32;
const FAILED = 64;

const TIME_BYTES = 6;
const HEAD_BYTES = 7;
const COUNT_BYTES = 5;
const ROW_BYTES = 11;
const VIOLATION_BYTES = 7;
const BAN_BYTES = 20;

const LEFT_OUT: RuleOutcome = { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };

/** Server time of a reply, in milliseconds since the epoch. */
export function timeOf(reply: Buffer): number {
  return reply.readUIntBE(0, TIME_BYTES);
}

/** Whether the command arrived after its deadline, and did nothing. */
export function isTooLate(reply: Buffer): boolean {
  return (reply[TIME_BYTES] & TOO_LATE) !== 0;
}

/** What went wrong with this request alone; `undefined`: nothing. */
export function errorIn(reply: Buffer): string | undefined {
  return reply[TIME_BYTES] & FAILED ? reply.toString('utf8', HEAD_BYTES) : undefined;
}

/** The verdict in a reply of the script `record`. */
export function readResult(reply: Buffer, plan: Plan, { actor, route }: RecordRequest): RecordResult {
  const state = reply[TIME_BYTES];
  if (state & BANNED_BEFORE) {
    const where = reply[HEAD_BYTES] === 1 ? route : undefined;
    const banned = readBan(reply, HEAD_BYTES + 1, actor, where);
    return { banned, denied: true, wouldDeny: true, rules: [] };
  }
  const { order } = plan;
  const endOfRows = HEAD_BYTES + order.length * ROW_BYTES;
  const violations = (state & VIOLATIONS) === 0 ? undefined : endOfRows;
  const rules = new Array<RuleOutcome>(order.length);
  for (let row = 0; row < order.length; row++) rules[order[row]] = readRow(reply, row, violations);
  const denied = (state & DENIED) !== 0;
  const wouldDeny = (state & WOULD_DENY) !== 0;
  if (!(state & BANNED_BY_THIS)) return { denied, wouldDeny, rules };
  const at = endOfRows + order.length * VIOLATION_BYTES;
  const cause = plan.queries[order[reply[at]]].ban;
  return { denied, wouldDeny, rules, ban: readBan(reply, at + 1, actor, cause?.route) };
}

/** What each of so many counters holds, in a reply to counts; nothing if the actor is banned meanwhile. */
export function readCounts(reply: Buffer, counters: number): number[] {
  if (reply[TIME_BYTES] & BANNED_BEFORE) return [];
  return Array.from({ length: counters }, (_, row) => {
    return reply.readUIntBE(HEAD_BYTES + row * ROW_BYTES, COUNT_BYTES);
  });
}

/** A ban as Redis keeps it: since and until (doubles), offences (4 bytes), reason. */
export function readBan(bytes: Buffer, at: number, actor: string, route: string | undefined): Ban {
  return {
    actor,
    ...(route === undefined ? {} : { route }),
    since: bytes.readDoubleBE(at),
    until: bytes.readDoubleBE(at + 8),
    offences: bytes.readUInt32BE(at + 16),
    reason: bytes.toString('utf8', at + BAN_BYTES),
  };
}

function readRow(reply: Buffer, row: number, violations: number | undefined): RuleOutcome {
  const at = HEAD_BYTES + row * ROW_BYTES;
  const count = reply.readUIntBE(at, COUNT_BYTES);
  if (count === 0) return LEFT_OUT;
  const resetMs = reply.readUIntBE(at + COUNT_BYTES, TIME_BYTES);
  if (violations === undefined) return { count, violated: false, retryAfterMs: 0, resetMs, report: false };
  const place = violations + row * VIOLATION_BYTES;
  const retryAfterMs = reply.readUIntBE(place + 1, TIME_BYTES);
  return {
    count,
    violated: (reply[place] & 1) !== 0,
    retryAfterMs,
    resetMs,
    report: (reply[place] & 2) !== 0,
  };
}
