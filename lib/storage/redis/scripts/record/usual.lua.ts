/**
 * A ring without what has left it, and with what is added; of one on which another instance allows more, what that needs is
 * left. Sets `value`, by `capacity`, `room`, `live`, `width`, `amount`, `fresh` and `added_high`.
 */
export const RENEWED = String.raw`
            if capacity > room then room = capacity end
            if live > room - amount then live = room - amount end
            local head = pack('>BI3', room - 1, added_high)
            value = live > 0 and head .. sub(value, #value + 1 - width * live) .. fresh or head .. fresh`;

/**
 * What nearly all counters of nearly all requests come to, at half the operations of `JUDGE` and `COMMIT`, which would do the
 * same: a ring with one rule, of cost 1, that is neither passive nor only asks, and is not violated.
 */
export const USUAL = String.raw`
    if kind == 0 and rules_here == 1 and flags < 16 and flags % 8 < 2 and not assumed and time == now
      and unit == 1 and level < t1 * 128 + t2 then
      local fresh, added_high, amount = packed_now, now_high, 1
      if width > 3 then
        local low = now % span
        fresh, added_high = pack(entry, low), (now - low) / span
      end
      room = live > 0 and room + 1 or capacity
      if first == 1 and room >= capacity and live < room and high == added_high then
        value = value .. fresh
      else
        ${RENEWED}
      end
      at = at + 3
      changes[changed + 1], changes[changed + 2] = ARGV[base + i], value
      changed = changed + 2
      rule_count = rule_count + 1
      row[2 * rule_count - 1], row[2 * rule_count] = level + 1, (oldest or now) + window - now
    else
`;
