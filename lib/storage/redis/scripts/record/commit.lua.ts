/** Last part of `record`: adds the request to its counters, and answers. */
export const COMMIT = String.raw`-- Commit. out: count and reset of each counter's rules, in the plan's order.
local resets = {}
for i = 1, n do
  local c = counters[i]
  local kind, window, value, time, level, first, amount = c[1], c[3], c[6], c[7], c[8], c[9], c[10]
  local commit = amount > 0
  if would_deny and commit and not c[2] then
    if c[11] then commit = not denied else commit = false end
  end
  local oldest
  if kind == 0 then
    if commit then
      local capacity, unit = c[5], c[4]
      local entry = time
      if unit > 1 then entry = math.ceil(time / unit) * unit end
      local added = amount < capacity and amount or capacity
      local kept = level
      if level + added > capacity then kept = capacity - added end
      oldest = entry
      local room, live = capacity, c[12]
      if live > 0 then
        if kept > 0 then oldest = unpack6('>I6', value, #value + 1 - 6 * kept) end
        -- Where another instance allows more on this counter, leave what it needs.
        local stored = byte(value) + 1
        if stored > room then room = stored end
        if live > room - added then live = room - added end
        value = string.char(room - 1) .. sub(value, #value + 1 - 6 * live) .. string.rep(pack('>I6', entry), added)
      else
        value = string.char(room - 1) .. string.rep(pack('>I6', entry), added)
      end
    elseif level > 0 then
      oldest = unpack6('>I6', value, first * 6 - 4)
    end
    resets[i] = oldest and math.min(window, oldest + window - time) or 0
  elseif kind == 1 then
    if commit then
      local unit = c[4]
      local ends = time - time % unit + unit - 1
      local added = math.min(amount, 4294967295 - level)
      oldest = ends
      if level > 0 then
        oldest = unpack6('>I6', value, first)
        local newest, cost = unpack6('>I6I4', value, #value - 9)
        if newest == ends then
          value = sub(value, first, -11) .. pack('>I6I4', ends, cost + added)
        else
          value = sub(value, first) .. pack('>I6I4', ends, added)
        end
      else
        value = pack('>I6I4', ends, added)
      end
      value = pack('>I5', level + added) .. value
    elseif level > 0 then
      oldest = unpack6('>I6', value, first)
    end
    resets[i] = oldest and math.min(window, oldest + window - time) or 0
  else
    if commit then
      level = math.min(math.max(time, level) + amount, time + window)
      value = pack('>dd', level, time)
    end
    resets[i] = level > time and math.ceil(level - time) or 0
  end
  if emptied and emptied[i] then
    if c[6] then call('HDEL', key, ARGV[6 + i]) end
    resets[i] = 0
  elseif commit then
    changes[changed + 1], changes[changed + 2] = ARGV[6 + i], value
    changed = changed + 2
  end
end

if changed > 2 then
  local needed = now + keep
  local grows = needed > expiry
  if grows then
    -- A quarter more, so that it needn't grow with every request.
    expiry = needed + math.floor(keep / 4) + 2000
  end
  if grows or ban then
    if banned_until == 0 and offences == 0 and routes_until == 0 then
      header = pack('>d', expiry)
    else
      header = pack('>ddI4dd', expiry, banned_until, offences, forget_at, routes_until)
    end
    changes[changed + 1], changes[changed + 2] = 'h', header
  end
  call(unpack(changes))
  if grows or ban then
    local endless = banned_until == math.huge or routes_until == math.huge or forget_at == math.huge
    if endless then call('PERSIST', key) else call('PEXPIRE', key, string.format('%.0f', expiry - now)) end
  end
end

local out = pack('>I6B', clock, (denied and 1 or 0) + (would_deny and 2 or 0) + (violations and 4 or 0) + (ban and 8 or 0))
if not violations then
  for i = 1, rule_count do
    local rule = rules[i]
    out = out .. pack('>I5I6', rule[2], rule[4] > 0 and resets[rule[1]] or 0)
  end
  return out
end
for i = 1, rule_count do
  local rule = rules[i]
  out = out .. pack('>I5I6BI6', rule[2], rule[4] > 0 and resets[rule[1]] or 0,
    (rule[3] and 1 or 0) + (rule[8] and 2 or 0), rule[7])
end
if ban then out = out .. pack('>B', ban_rule - 1) .. ban end
return out
`;
