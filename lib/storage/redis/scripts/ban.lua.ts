import { HEADER } from './header.lua.js';

/** Puts a ban in force that no rule caused: by hand, or decided while Redis could not be reached. */
export const BAN = `${HEADER}${String.raw`
-- KEYS[1]  hash of the actor
-- ARGV[1]  explicit time in ms, or empty: server time
-- ARGV[2]  length in ms, or -1: permanent; of a ban that was decided elsewhere: since when, in ms since the epoch, is ARGV[5]
-- ARGV[3]  route, or empty: every route
-- ARGV[4]  reason
-- ARGV[5]  since when it holds, in ms; empty: now, whatever was there. Otherwise a ban that began later stays
-- ARGV[6]  offences remembered when it was caused; 0: by hand
-- ARGV[7]  server time in ms after which nothing is done, or 0
-- Returns  1, 0 if a later one stays, -1 if too late; then the ban that holds: since, until (doubles) offences (4 bytes) reason
-- TTL      grows to the end of the ban, and a permanent one has none
-- O(1), or O(fields) where it ends an earlier ban of this route
local clock = server_now()
if ARGV[7] ~= '0' and clock > ARGV[7] + 0 then return { -1, '' } end
local now = ARGV[1] == '' and clock or ARGV[1] + 0
local field = ARGV[3] == '' and 'b' or 'r' .. ARGV[3]
local since = ARGV[5] == '' and now or ARGV[5] + 0
local present = call('HGET', key, field)
if ARGV[5] ~= '' and present and unpack_('>d', present) > since then return { 0, present } end
local length = ARGV[2] + 0
local ends = length < 0 and math.huge or since + length
local ban = pack('>ddI4', since, ends, ARGV[6] + 0) .. ARGV[4]
call('HSET', key, field, ban)
local h = read_header()
if ARGV[3] == '' then
  h[2] = ends
elseif present and ends < h[5] then
  h[5] = last_route_end()
else
  h[5] = math.max(h[5], ends)
end
write_header(h, now)
return { 1, ban }
`}`;
