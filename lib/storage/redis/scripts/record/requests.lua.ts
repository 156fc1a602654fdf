/** What the requests of one call have in common; then, up to `END`, what is done for each. Leaving the inner loop ends one. */
export const BEGIN = String.raw`
local call, byte, sub, pack, unpack_ = redis.call, string.byte, string.sub, struct.pack, struct.unpack
local seconds_and_micros = call('TIME')
local micros = seconds_and_micros[2] + 0
local clock = seconds_and_micros[1] * 1000 + (micros - micros % 1000) / 1000
local marks, now = ARGV[2], clock
local replies, requests = {}, #marks / 2
if requests % 1 > 0 then
  requests = requests - 3.5
  local d1, d2, d3, d4, d5, d6, d7 = byte(marks, -7, -1)
  now = (((((d1 * 128 + d2) * 128 + d3) * 128 + d4) * 128 + d5) * 128 + d6) * 128 + d7
end
local histories, history_count, history_at = ARGV[#ARGV], 0, 1

if ARGV[1] ~= '0' and clock > ARGV[1] + 0 then
  for request = 1, requests do replies[request] = pack('>I6B', clock, 32) end
  requests = 0
end
-- Of a ring whose entries take three bytes.
local now_low = now % 16777216
local packed_now, now_high = pack('>I3', now_low), (now - now_low) / 16777216
local current, base, plan, keep_all, n = -1, 3, nil, 0, 0
-- row: count and reset of each rule. Written anew for each request; made with room, which is cheaper than to grow.
local row, changes = { 0, 0, 0, 0, 0, 0, 0, 0 }, { 'HSET', 0, 0, 0, 0, 0, 0, 0, 0, 0 }
local shape, shape_rules = '>I6BI5I6', 1

local function read_details()
  local d1, d2, d3 = byte(plan, 10, 12)
  return cjson.decode(sub(plan, (d1 * 128 + d2) * 128 + d3))
end

for request = 1, requests do
repeat
local key = KEYS[request]
local index, flags = byte(marks, 2 * request - 1, 2 * request)
if index ~= current then
  base = 3
  for place = 0, index do
    plan = ARGV[base]
    local d1, d2, d3, d4, d5, d6, d7, n1, n2 = byte(plan, 1, 9)
    n = n1 * 128 + n2
    if place < index then
      base = base + 1 + n
    else
      keep_all = (((((d1 * 128 + d2) * 128 + d3) * 128 + d4) * 128 + d5) * 128 + d6) * 128 + d7
    end
  end
  current = index
end
local keep = keep_all
local history_total, own_at, own_count = flags, history_at, history_count
flags = flags % 8
history_total = (history_total - flags) / 8
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
if #replies == 1 then return replies[1] end
local lengths = {}
for request = 1, #replies do lengths[request] = #replies[request] end
return pack('>' .. string.rep('I2', #replies), unpack(lengths)) .. table.concat(replies)
`;
