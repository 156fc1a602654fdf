/** First part of a request: whether the actor is banned already. */
export const BANNED = String.raw`
local values = redis.pcall('HMGET', key, 'h', unpack(ARGV, base + 1, base + n))
if values.err then
  -- The key holds something else, which is no reason to refuse the other requests.
  replies[request] = pack('>I6B', clock, 64) .. values.err
  break
end
local header = values[1]
local expiry, banned_until, offences, forget_at, routes_until = 0, 0, 0, 0, 0
if header then
  if #header == 8 then
    expiry = unpack_('>d', header)
  else
    expiry, banned_until, offences, forget_at, routes_until = unpack_('>ddI4dd', header)
    local general = now < banned_until and call('HGET', key, 'b')
    local here = now < routes_until and read_details()[1]
    here = here and call('HGET', key, 'r' .. here)
    if here then
      local ends = unpack_('>d', here, 9)
      if now >= ends or (general and ends <= banned_until) then here = false end
    end
    if here or general then
      replies[request] = pack('>I6BB', clock, 19, here and 1 or 0) .. (here or general)
      break
    end
  end
end
`;
