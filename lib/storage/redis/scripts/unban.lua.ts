import { HEADER } from './header.lua.js';

/** Lifts a ban in the actor's hash, which is what holds. Offences stay remembered. May be repeated. */
export const UNBAN = `${HEADER}${String.raw`
-- KEYS[1]  hash of the actor
-- ARGV[1]  explicit time in ms, or empty: server time
-- ARGV[2]  route, or empty: the ban from every route
-- ARGV[3]  when it was lifted, in ms: a ban that began later stays; empty: now
-- ARGV[4]  server time in ms after which nothing is done, or 0
-- Returns  1 if a ban in force was lifted, 0 if not, -1 if too late
-- TTL      that of the rest, if the ban was permanent
-- O(fields) after a route ban, else O(1)
local clock = server_now()
if ARGV[4] ~= '0' and clock > ARGV[4] + 0 then return -1 end
local now = ARGV[1] == '' and clock or ARGV[1] + 0
local field = ARGV[2] == '' and 'b' or 'r' .. ARGV[2]
local ban = call('HGET', key, field)
if not ban then return 0 end
local since, ends = unpack_('>dd', ban)
if ARGV[3] ~= '' and since > ARGV[3] + 0 then return 0 end
call('HDEL', key, field)
local h = read_header()
if ARGV[2] == '' then h[2] = 0 else h[5] = last_route_end() end
write_header(h, now)
return now < ends and 1 or 0
`}`;
