import { HEADER } from './header.lua.js';

/** Forgets an actor's counters, reports, offences and histories; bans stay. */
export const RESET = `${HEADER}${String.raw`
-- KEYS[1]  hash of the actor
-- KEYS[2]… its histories
-- ARGV[1]  explicit time in ms, or empty: server time
-- ARGV[2]  server time in ms after which nothing is done, or 0
-- Returns  1, or -1 if too late
-- TTL      unchanged; the key goes where no ban is left
-- O(fields)
local clock = server_now()
if ARGV[2] ~= '0' and clock > ARGV[2] + 0 then return -1 end
local now = ARGV[1] == '' and clock or ARGV[1] + 0
call('DEL', unpack(KEYS, 2))
local h = read_header()
if now >= h[2] and now >= h[5] then
  call('DEL', key)
  return 1
end
for _, name in ipairs(call('HKEYS', key)) do
  local kind = name:sub(1, 1)
  if kind == 'c' or kind == 'm' then call('HDEL', key, name) end
end
h[3], h[4] = 0, 0
write_header(h, now)
return 1
`}`;
