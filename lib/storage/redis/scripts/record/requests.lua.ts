/** What the requests of one call have in common; then, up to `END`, what is done for each. Leaving the inner loop ends one. */
export const BEGIN = String.raw`
local call, byte, sub, pack, unpack_ = redis.call, string.byte, string.sub, struct.pack, struct.unpack
local seconds_and_micros = call('TIME')
local micros = seconds_and_micros[2] + 0
local clock = seconds_and_micros[1] * 1000 + (micros - micros % 1000) / 1000
local replies, requests = {}, #ARGV[3] / 2
local histories, history_count, history_at = ARGV[#ARGV], 0, 1

local function digits(text, from, count)
  local value = 0
  for place = from, from + count - 1 do value = value * 128 + byte(text, place) end
  return value
end

local function answer()
  if #replies == 1 then return replies[1] end
  local lengths = {}
  for request = 1, #replies do lengths[request] = #replies[request] end
  return pack('>' .. string.rep('I2', #replies), unpack(lengths)) .. table.concat(replies)
end

if ARGV[1] ~= '0' and clock > ARGV[1] + 0 then
  for request = 1, requests do replies[request] = pack('>I6B', clock, 32) end
  return answer()
end
local now = clock
if ARGV[2] ~= '' then now = ARGV[2] + 0 end
local packed_now = pack('>I6', now)
local current, base, plan, keep_all, n = -1, 4, nil, 0, 0

for request = 1, requests do
repeat
local key = KEYS[request]
local index, flags = byte(ARGV[3], 2 * request - 1, 2 * request)
if index ~= current then
  base = 4
  for place = 0, index do
    plan = ARGV[base]
    local d1, d2, d3, d4, d5, d6, d7, n1, n2 = byte(plan, 1, 9)
    n = n1 * 128 + n2
    if place < index then
      base = base + 3 + n
    else
      keep_all = (((((d1 * 128 + d2) * 128 + d3) * 128 + d4) * 128 + d5) * 128 + d6) * 128 + d7
    end
  end
  current = index
end
local route, keep = ARGV[base + 2], keep_all
local history_total, own_at, own_count = math.floor(flags / 8), history_at, history_count
flags = flags % 8
-- Passed over here, for those of an actor who is banned are not looked at.
for _ = 1, history_total do
  local size, added = byte(histories, history_at + 24, history_at + 25)
  history_at = history_at + 26 + size * added
end
history_count = history_count + history_total
`;

/** Ends what is done for each request, and answers. */
export const END = String.raw`
until true
end
return answer()
`;
