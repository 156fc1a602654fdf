/** Last part of a request: writes what has changed, and answers. */
export const ANSWER = String.raw`
if changed > 2 then
  local needed = now + keep
  local grows = needed > expiry
  if grows or ban then
    -- A quarter more, so that it needn't grow with every request.
    if grows then expiry = needed + math.floor(keep / 4) + 2000 end
    if banned_until == 0 and offences == 0 and routes_until == 0 then
      header = pack('>d', expiry)
    else
      header = pack('>ddI4dd', expiry, banned_until, offences, forget_at, routes_until)
    end
    changes[changed + 1], changes[changed + 2] = 'h', header
    changed = changed + 2
  end
  call(unpack(changes, 1, changed))
  if grows or ban then
    local endless = banned_until == math.huge or routes_until == math.huge or forget_at == math.huge
    if endless then call('PERSIST', key) else call('PEXPIRE', key, string.format('%.0f', expiry - now)) end
  end
end
if emptied then
  -- Else a window longer than the ban would ban again at once.
  for j = 1, #emptied do
    local violated = emptied[j]
    call('HDEL', key, ARGV[base + violated[5]])
    for rule = violated.first_rule, violated.last_rule do row[2 * rule] = 0 end
  end
end

local state = 0
if would_deny then state = denied and 3 or 2 end
if violated_rules then state = state + 4 end
if ban then state = state + 8 end
if news then state = state + 128 end
if rule_count ~= shape_rules then
  shape = rule_count == 3 and '>I6BI5I6I5I6I5I6' or '>I6B' .. string.rep('I5I6', rule_count)
  shape_rules = rule_count
end
local out = pack(shape, clock, state, unpack(row, 1, 2 * rule_count))
if violated_rules then
  local flags_and_waits = {}
  for rule = 1, rule_count do flags_and_waits[rule] = pack('>BI6', 0, 0) end
  for j = 1, #violated_rules do
    local violated = violated_rules[j]
    flags_and_waits[violated[1]] = pack('>BI6', 1 + violated.report, violated.wait)
  end
  out = out .. table.concat(flags_and_waits)
  if ban then out = out .. pack('>B', ban_rule - 1) .. ban end
end
if news then out = out .. table.concat(news) end
replies[request] = out
`;
