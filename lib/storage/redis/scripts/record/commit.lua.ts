/** The end of the loop over the counters that `JUDGE` begins: adds the request to the counter. */
export const COMMIT = String.raw`
    -- Commit. reset: until the oldest event leaves.
    local reset = 0
    if amount > 0 and not attempts and (active and assumed or not active and would_assumed) then amount = 0 end
    if kind == 2 then
      if amount > 0 then
        local arrival = (time > level and time or level) + amount
        level = arrival < time + window and arrival or time + window
        value = pack('>dd', level, time)
      end
      if level > time then reset = math.ceil(level - time) end
    else
      local oldest
      if kind == 1 then
        if level > 0 then oldest = unpack_('>I6', value, first) end
        if amount > 0 then
          local ends = time - time % unit + unit - 1
          if amount > 4294967295 - level then amount = 4294967295 - level end
          if level > 0 then
            local newest, cost = unpack_('>I6I4', value, #value - 14)
            if newest == ends then
              value = sub(value, first, -16) .. pack('>I6I4I5', ends, cost + amount, level + amount)
            else
              value = sub(value, first, -6) .. pack('>I6I4I5', ends, amount, level + amount)
            end
          else
            oldest = ends
            value = pack('>I6I4I5', ends, amount, amount)
          end
        end
      elseif amount > 0 then
        local fresh = packed_now
        oldest = now
        if unit > 1 or time > now then
          oldest = math.ceil(time / unit) * unit
          fresh = pack('>I6', oldest)
        end
        if amount > capacity then amount = capacity end
        if amount > 1 then fresh = string.rep(fresh, amount) end
        if live > 0 then
          local kept = level
          if kept > capacity - amount then kept = capacity - amount end
          if kept > 0 then oldest = unpack_('>I6', value, #value + 1 - 6 * kept) end
          -- Where another instance allows more on this counter, leave what it needs.
          local room = byte(value) + 1
          if room >= capacity and first == 1 and live + amount <= room then
            value = value .. fresh
          else
            if capacity > room then room = capacity end
            if live > room - amount then live = room - amount end
            value = string.char(room - 1) .. sub(value, #value + 1 - 6 * live) .. fresh
          end
        else
          value = string.char(capacity - 1) .. fresh
        end
      elseif level > 0 then
        oldest = unpack_('>I6', value, #value + 1 - 6 * level)
      end
      if oldest then reset = oldest + window - time end
      if reset > window then reset = window end
    end
    if amount > 0 then
      changes[changed + 1], changes[changed + 2] = ARGV[base + 2 + i], value
      changed = changed + 2
    end
    for rule = first_rule + 1, rule_count do
      row[2 * rule] = row[2 * rule - 1] > 0 and reset or 0
    end
  end
until denied == assumed and would_deny == would_assumed
`;
