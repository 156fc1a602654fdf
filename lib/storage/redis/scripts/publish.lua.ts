/** Puts up the notice of one instance, and clears away those that have ended. */
export const PUBLISH = String.raw`
-- KEYS[1]  notices: hash of instance → its notice
-- KEYS[2]  ends: sorted set of instances by the server time in ms at which their notice ends
-- ARGV[1]  instance
-- ARGV[2]  notice, or empty: it is taken down
-- ARGV[3]  how long it holds in ms
-- ARGV[4]  instances that may have one
-- Returns  1, or 0 if so many have one already
-- TTL      both: the latest end; never shortened
-- O(instances)
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local notices, ends, instance, ttl = KEYS[1], KEYS[2], ARGV[1], ARGV[3] + 0
local function take_down(name)
  call('ZREM', ends, name)
  call('HDEL', notices, name)
end
for _, over in ipairs(call('ZRANGEBYSCORE', ends, '-inf', string.format('%.0f', now))) do take_down(over) end
if ARGV[2] == '' then
  take_down(instance)
  return 1
end
if not call('ZSCORE', ends, instance) and #call('ZRANGEBYSCORE', ends, '-inf', '+inf', 'LIMIT', 0, ARGV[4]) >= ARGV[4] + 0 then
  return 0
end
call('HSET', notices, instance, ARGV[2])
call('ZADD', ends, string.format('%.0f', now + ttl), instance)
for _, key in ipairs(KEYS) do
  if call('PTTL', key) < ttl then call('PEXPIRE', key, ARGV[3]) end
end
return 1
`;
