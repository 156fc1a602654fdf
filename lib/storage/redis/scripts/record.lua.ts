import { ANSWER } from './record/answer.lua.js';
import { BANNED } from './record/banned.lua.js';
import { COMMIT } from './record/commit.lua.js';
import { HISTORY } from './record/history.lua.js';
import { JUDGE } from './record/judge.lua.js';
import { PEEK } from './record/peek.lua.js';
import { BEGIN, END } from './record/requests.lua.js';
import { USUAL } from './record/usual.lua.js';
import { VIOLATIONS } from './record/violations.lua.js';

const HEADER = String.raw`
-- KEYS     hash of the actor of each request, at most 64; its fields are described in keys.ts; then the histories of each request that has any
-- ARGV[1]  server time in ms after which nothing is done, or 0
-- ARGV[2]  for each request, as 7-bit digits: its block of rules(1: 0 is the first) and the sum of 1 denied already, 2 can't be
--            banned, 4 only count, what was let through before, 8 for each of its histories, two at most(1); then, if it isn't
--            the server's, the time in ms(7)
-- ARGV[3]… blocks of rules: plan with details, then the field of each counter
-- ARGV[-1] where requests have histories, for each history, as 7-bit digits: known one(5) next event(5) revision(5), events to be
--            kept(2) for how many ms(7), size of an event(1), number of events(1), events
-- plan      numbers as 7-bit digits, most significant first; see plan-format.ts
--            keepMs(7) counters(2) place of the details, from 1(3), then for each counter
--              kind(1: 0 ring, 1 sub-buckets, 2 pacing; +4 of class attempts; +8 window in ms) window in s(3) or ms(7)
--              capacity-1(1) rules(1), then for each rule
--                flags(1: 1 denies, 2 passive, 4 only asks, 8 bans, 16 long) threshold(2), or if long threshold(5) cost(5)
-- details  JSON: [route or false, of each rule in the plan's order [report field, cooldownMs, false or terms of the ban: lengthMs,
--            factor, most ms, memory ms, route or empty, reason, place in the request; -1 is endless]], read where one is violated,
--            or routes are banned
-- Returns  with several requests the length of each answer (2 bytes), then the answers: server time in ms (6 bytes), state (1: sum of 1 denied, 2 would be denied, 4 violations, 8 banned by this, 16 banned
--            before, 32 too late, 64 failed, with the error, 128 with news of histories), then for each rule count (5) resetMs (6); then with violations for each rule flags (1: sum of
--            1 violated, 2 report) retryAfterMs (6); then with a ban the place of its rule (1) and the ban. Banned before:
--            1 if from the route, else 0 (1), and the ban: since, until (doubles) offences (4) reason. At the end, for each history, events
--            (time in ms, 6, and what was written), which one it is, its next event, its revision (4 each), number of these events (2)
-- TTL      grows to what the counters, reports, offences and bans need, and never shrinks; none while a ban is permanent
-- O(requests × rules × log capacity)
`;

/**
 * The pass over all rules of one request: banned? → peek → decide → commit → ban. See `storage.ts` for what each step means; the
 * arithmetic is that of `lib/windows`. Numbers that matter for its speed are those of strings made (Redis' Lua hashes every
 * byte of each) and of tables made, then of operations.
 */
export const RECORD =
  HEADER + BEGIN + BANNED + PEEK + USUAL + JUDGE + COMMIT + VIOLATIONS + HISTORY + ANSWER + END;
