/** Reads the notices of all instances that have not ended. */
export const NOTICES = String.raw`
-- KEYS[1]  notices: hash of instance → its notice
-- KEYS[2]  ends: sorted set of instances by the server time in ms at which their notice ends
-- ARGV[1]  how many to read at most
-- ARGV[2]  bytes of a notice; longer ones are left out
-- Returns  instance, notice, instance, notice, …
-- TTL      unchanged
-- O(instances)
local call = redis.call
local time = call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local live = call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf', 'LIMIT', 0, ARGV[1])
if #live == 0 then return {} end
local texts = call('HMGET', KEYS[1], unpack(live))
local found = {}
for at, instance in ipairs(live) do
  local text = texts[at]
  if text and #text <= ARGV[2] + 0 then
    found[#found + 1] = instance
    found[#found + 1] = text
  end
end
return found
`;
