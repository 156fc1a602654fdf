import { RENEWED } from './usual.lua.js';

/** Adds the request to the counter, unless `USUAL` has; and the end of the loop over the counters that `PEEK` begins. */
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
      else
        local kept = level
        if amount > capacity then amount = capacity end
        if kept > capacity - amount then kept = capacity - amount end
        if kept == 0 then oldest = nil end
        if kept > 0 and kept < live then
          oldest = newest - (newest_low - unpack_(entry, value, #value + 1 - width * kept)) % span
        end
        if amount > 0 then
          local added = time
          if unit > 1 then added = math.ceil(time / unit) end
          oldest = oldest or added
          local low = added % span
          local added_high = (added - low) / span
          local fresh = time == now and width == 3 and packed_now or pack(entry, low)
          if amount > 1 then fresh = string.rep(fresh, amount) end
          -- Where another instance allows more on this counter, leave what it needs.
          room = live > 0 and room + 1 or capacity
          if first == 1 and room >= capacity and live + amount <= room and high == added_high then
            value = value .. fresh
          else
${RENEWED}
          end
        end
        if oldest then oldest = oldest * unit end
      end
      if oldest then reset = oldest + window - time end
      if reset > window then reset = window end
    end
    if amount > 0 then
      changes[changed + 1], changes[changed + 2] = ARGV[base + i], value
      changed = changed + 2
    end
    for rule = first_rule + 1, rule_count do
      row[2 * rule] = row[2 * rule - 1] > 0 and reset or 0
    end
    end
  end
until denied == assumed and would_deny == would_assumed
`;
