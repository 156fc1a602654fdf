/** What the requests of one call have in common. What follows, up to `END`, is done for each. */
export const BEGIN = String.raw`
local call, byte, sub, pack, unpack_ = redis.call, string.byte, string.sub, struct.pack, struct.unpack
local seconds_and_micros = call('TIME')
local micros = seconds_and_micros[2] + 0
local clock = seconds_and_micros[1] * 1000 + (micros - micros % 1000) / 1000
if clock > ARGV[1] + 0 and ARGV[1] ~= '0' then
  local late = {}
  for i = 1, #KEYS do late[i] = pack('>I6B', clock, 32) end
  return late
end
local now = clock
if ARGV[2] ~= '' then now = ARGV[2] + 0 end
local packed_now = pack('>I6', now)

local function record(key, flags, base, plan, keep, n)
local route = ARGV[base + 2]
`;

/** Goes through the requests. One that fails, on a key that holds something else, leaves the others alone. */
export const END = String.raw`
end

local blocks, count, at = {}, 0, 4
while ARGV[at] do
  local d1, d2, d3, d4, d5, d6, d7, n1, n2 = byte(ARGV[at], 1, 9)
  count = count + 1
  local keep = (((((d1 * 128 + d2) * 128 + d3) * 128 + d4) * 128 + d5) * 128 + d6) * 128 + d7
  local n = n1 * 128 + n2
  blocks[count] = { at, ARGV[at], keep, n }
  at = at + 3 + n
end
local replies = {}
for i = 1, #KEYS do
  local index, flags = byte(ARGV[3], 2 * i - 1, 2 * i)
  local ok, reply = pcall(record, KEYS[i], flags, unpack(blocks[index + 1]))
  if not ok then reply = pack('>I6B', clock, 64) .. (type(reply) == 'table' and reply.err or tostring(reply)) end
  replies[i] = reply
end
return replies
`;
