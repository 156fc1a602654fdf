/**
 * Second part of a request, a loop over the counters: what each holds (`PEEK`), then `USUAL`, or else which rules are violated
 * (`JUDGE`) and the counter with the request added (`COMMIT`). What is added depends on the verdict, which is known at the
 * end: so the pass assumes one, and is repeated where it was another, as for the few requests that are denied. That spares all
 * others the memory to come back to each counter.
 *
 * A ring is a string: its capacity less 1 (1 byte), the high part of the newest time (3 bytes), then the low part of each time, oldest
 * first, in milliseconds or the units of a long window: 3 bytes for windows up to 2²² ms, else 4. What they tell apart is at least
 * four windows, and when a time is added those go that have left: so low parts, taken backwards from the newest, are enough.
 * Sub-buckets are a string of ends (6 bytes, ms) and costs (4), oldest first, then the sum of the costs (5); pacing is its theoretical
 * arrival and the newest time (doubles).
 */
export const PEEK = String.raw`
local denied_already = flags == 1 or flags == 3
local exempt, counts_only = flags >= 2, flags == 4
local denied, would_deny = denied_already, denied_already
local assumed, would_assumed
changes[2] = key
local changed, rule_count, violated_rules = 2, 0, nil
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
`;
