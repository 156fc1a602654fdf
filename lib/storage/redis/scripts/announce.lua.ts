/**
 * Enters the change of a ban into the index and the log from which the instances' mirrors are fed, and publishes it. Of two
 * changes of one place the newer stays, in whatever order they arrive.
 */
export const ANNOUNCE = String.raw`
-- KEYS[1]  index: hash of place → time of the change in ms, a blank, the change as JSON
-- KEYS[2]  ends: sorted set of places by the time in ms until which their change matters
-- KEYS[3]  log: stream of changes, at most about 10,000
-- ARGV[1]  explicit time in ms, or empty: server time
-- ARGV[2]  place, JSON
-- ARGV[3]  ban: since when, in ms; lifted: when, or empty: now
-- ARGV[4]  ban: its end in ms, or -1: permanent; lifted: empty (kept for an hour, or to the end of the ban but at most 30 days)
-- ARGV[5]  ban: the change as JSON; lifted: empty
-- ARGV[6]  1: just decided; 0: found out or repeated, and nothing to those who know as recent a change
-- ARGV[7]  channel
-- ARGV[8]  id of this instance
-- ARGV[9]  server time in ms after which nothing is done, or 0
-- Returns  the time of the change in ms if it is there now, 0 if a newer one stays, -1 if too late
-- TTL      index and ends: the latest end and an hour, none with a permanent ban; log: a day. None is shortened.
-- O(log bans)
local call = redis.call
local time = call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[9] ~= '0' and clock > ARGV[9] + 0 then return -1 end
local now = ARGV[1] == '' and clock or ARGV[1] + 0
local place, change = ARGV[2], ARGV[5]
local present = call('HGET', KEYS[1], place)
local known = present and string.match(present, '^(%d+)') + 0
local at, matters
if change == '' then
  at = ARGV[3] == '' and now or ARGV[3] + 0
  if known and known > at then
    if ARGV[6] == '0' then return 0 end
    at = known
  end
  change = '{"kind":"lifted","at":' .. string.format('%.0f', at) .. '}'
  -- As long as the ban that it lifts would have lasted, in case an instance comes back that has not heard of it.
  local lifted = call('ZSCORE', KEYS[2], place)
  matters = math.max(now + 3600000, math.min(lifted and lifted + 0 or 0, now + 2592000000))
else
  at = ARGV[3] + 0
  if known and (known > at or (known == at and ARGV[6] == '0')) then
    return known == at and string.find(present, '"kind":"ban"', 1, true) and at or 0
  end
  matters = ARGV[4] == '-1' and math.huge or ARGV[4] + 0
end

local text = string.format('%.0f', at) .. ' ' .. change
call('HSET', KEYS[1], place, text)
call('ZADD', KEYS[2], matters == math.huge and 'inf' or string.format('%.0f', matters), place)
for _, over in ipairs(call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now), 'LIMIT', 0, 10)) do
  call('ZREM', KEYS[2], over)
  call('HDEL', KEYS[1], over)
end
local last = call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
for i = 1, 2 do
  if last == 'inf' then
    call('PERSIST', KEYS[i])
  elseif last then
    local needed = last - now + 3600000
    if call('PTTL', KEYS[i]) < needed then call('PEXPIRE', KEYS[i], string.format('%.0f', needed)) end
  end
end

local newest = call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
local id = call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'p', place, 'c', text, 'o', ARGV[8])
call('PEXPIRE', KEYS[3], 86400000)
call('PUBLISH', ARGV[7], table.concat({ id, newest and newest[1] or '0-0', ARGV[8], place, text }, '\n'))
return at
`;
