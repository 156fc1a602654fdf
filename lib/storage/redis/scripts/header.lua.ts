/** Shared by the scripts that change bans: reading and writing the header of an actor (KEYS[1]). */
export const HEADER = String.raw`
local call, pack, unpack_ = redis.call, struct.pack, struct.unpack
local key = KEYS[1]

local function server_now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function read_header()
  local header = call('HGET', key, 'h')
  if not header then return { 0, 0, 0, 0, 0 } end
  if #header == 8 then return { unpack_('>d', header), 0, 0, 0, 0 } end
  local expiry, general, offences, forget_at, routes = unpack_('>ddI4dd', header)
  return { expiry, general, offences, forget_at, routes }
end

-- When the last of the route bans ends; O(fields).
local function last_route_end()
  local last = 0
  for _, name in ipairs(call('HKEYS', key)) do
    if name:sub(1, 1) == 'r' then last = math.max(last, (unpack_('>d', call('HGET', key, name), 9))) end
  end
  return last
end

-- Writes the header, and has the key live as long as what is in it: without end while a ban has none.
local function write_header(h, now)
  local needed = math.max(h[1], h[2] < math.huge and h[2] or 0, h[4] < math.huge and h[4] or 0, h[5] < math.huge and h[5] or 0)
  h[1] = math.max(needed, now + 1000)
  call('HSET', key, 'h', pack('>ddI4dd', h[1], h[2], h[3], h[4], h[5]))
  if h[2] == math.huge or h[4] == math.huge or h[5] == math.huge then
    call('PERSIST', key)
  else
    call('PEXPIRE', key, string.format('%.0f', h[1] - now))
  end
end
`;
