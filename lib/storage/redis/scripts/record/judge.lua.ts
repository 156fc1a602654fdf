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

/**
 * Second part of a request: what each counter holds, which rules are violated, and the counters with the request added. What is
 * added depends on the verdict, which is known at the end: so the pass assumes one, and is repeated where it was another, as
 * for the few requests that are denied. That spares all others the memory to come back to each counter.
 */
export const JUDGE = String.raw`
local denied_already = flags == 1 or flags == 3
local exempt, counts_only = flags >= 2, flags == 4
local denied, would_deny = denied_already, denied_already
local assumed, would_assumed
-- row: count and reset of each rule. Both are made with room, which is cheaper than to grow.
local row, changes, changed = { 0, 0, 0, 0, 0, 0, 0, 0 }, { 'HSET', key, 0, 0, 0, 0, 0, 0, 0, 0 }, 2
local rule_count, violated_rules = 0, nil
repeat
  assumed, would_assumed = denied, would_deny
  denied, would_deny, violated_rules = denied_already, denied_already, nil
  changed, rule_count = 2, 0
  local at = 13
  for i = 1, n do
    -- With the first rule, for nearly all counters have one.
    local kind, w1, w2, w3, capacity, rules_here, flags, t1, t2 = byte(plan, at, at + 8)
    local window
    if kind < 8 then
      window = ((w1 * 128 + w2) * 128 + w3) * 1000
      at = at + 6
    else
      local w4, w5, w6, w7
      w4, w5, w6, w7, capacity, rules_here, flags, t1, t2 = byte(plan, at + 4, at + 12)
      window = (((((w1 * 128 + w2) * 128 + w3) * 128 + w4) * 128 + w5) * 128 + w6) * 128 + w7
      at = at + 10
      kind = kind - 8
    end
    local attempts = kind >= 4
    if attempts then kind = kind - 4 end

    -- Peek: level events count at time; the oldest of them is at first, and live are kept.
    local value, time, level, first, live, unit = values[i + 1], now, 0, 0, 0, 1
    local width, span, entry, ends, newest, newest_low, oldest, room, high
    if kind == 0 then
      capacity = capacity + 1
      width, span, entry, ends = 3, 16777216, '>I3', '>BI3I3'
      if window > 4194304 then
        width, span, entry, ends = 4, 4294967296, '>I4', '>BI3I4'
        if window > 1073741824 then unit = math.ceil(window / 1073741824) end
      end
      if value then
        local oldest_low
        room, high, oldest_low = unpack_(ends, value)
        newest_low = unpack_(entry, value, #value + 1 - width)
        newest = high * span + newest_low
        if newest * unit - unit >= now then time = newest * unit - unit + 1 end
        local outside = (time - window) / unit
        if newest > outside then
          local last = (#value - 4) / width
          first = 1
          oldest = newest - (newest_low - oldest_low) % span
          if oldest <= outside then
            -- Few have left since the last request: looked for from the front, in growing steps, then by halves.
            local dead, step = 1, 1
            first, oldest = last, newest
            while first - dead > 1 do
              local middle = dead + step
              if middle >= first then middle = (dead + first - (dead + first) % 2) / 2 end
              local at_middle = newest - (newest_low - unpack_(entry, value, middle * width + 5 - width)) % span
              if at_middle > outside then
                first, oldest, step = middle, at_middle, last
              else
                dead, step = middle, step * 2
              end
            end
          end
          live = last - first + 1
          level = live
          if level > capacity then level = capacity end
        end
      end
    elseif kind == 1 then
      unit = math.ceil(window / 60)
      if value then
        local newest, _, sum = unpack_('>I6I4I5', value, #value - 14)
        if newest - unit >= now then time = newest - unit + 1 end
        local outside = time - window
        if newest > outside then
          first = 1
          local ends, cost = unpack_('>I6I4', value)
          while ends <= outside do
            sum = sum - cost
            first = first + 10
            ends, cost = unpack_('>I6I4', value, first)
          end
          level = sum
        end
      end
    elseif value then
      local newest
      level, newest = unpack_('>dd', value)
      if newest > now then time = newest end
    end

    -- Judge. amount: what the counter is to get, the most of its rules.
    local amount, active, first_rule = 0, false, rule_count
    for rule_here = 1, rules_here do
      if rule_here > 1 then flags, t1, t2 = byte(plan, at, at + 2) end
      local threshold, cost = t1 * 128 + t2, 1
      if flags < 16 then
        at = at + 3
      else
        local t3, t4, t5, c1, c2, c3, c4, c5 = byte(plan, at + 3, at + 10)
        threshold = ((threshold * 128 + t3) * 128 + t4) * 128 + t5
        cost = (((c1 * 128 + c2) * 128 + c3) * 128 + c4) * 128 + c5
        at = at + 11
        flags = flags - 16
      end
      local count = 0
      if cost > 0 then
        local violated, adds = false, cost
        count = level + cost
        if kind == 2 then
          violated = time < level or threshold == 0
          count = time < level and cost + 1 or cost
          adds = cost * (window / threshold)
        else
          violated = count > threshold
        end
        local passive = flags % 4 >= 2
        if flags % 8 < 4 then
          if adds > amount then amount = adds end
          if not passive then active = true end
        end
        if violated and not counts_only then
          violated_rules = violated_rules or {}
          violated_rules[#violated_rules + 1] = {
            rule_count + 1, flags, cost, threshold, i, kind, attempts, window, value, time, level, first,
            width, span, entry, newest, newest_low, unit,
          }
          if flags % 2 == 1 then
            would_deny = true
            if not passive then denied = true end
          end
        end
      end
      rule_count = rule_count + 1
      row[2 * rule_count - 1] = count
    end
    if violated_rules then
      for j = #violated_rules, 1, -1 do
        local violated = violated_rules[j]
        if violated[5] ~= i then break end
        violated.amount, violated.first_rule, violated.last_rule = amount, first_rule + 1, rule_count
      end
    end
`;
