/** Second part of `record`, for the few requests that violate a rule: waits, reports and bans. */
export const VIOLATIONS = String.raw`-- What violations need: waits, reports, bans.
if violations then
  local details = cjson.decode(ARGV[2])
  local exempt = flags_given >= 2
  local longest = 0
  if now >= forget_at then offences = 0 end
  for i = 1, rule_count do
    local rule = rules[i]
    if rule[3] then
      local c = counters[rule[1]]
      local kind, attempts, window, value, time, level, amount = c[1], c[2], c[3], c[6], c[7], c[8], c[10]
      local cost, threshold = rule[4], rule[5]
      local wait = window
      if kind == 2 then
        if threshold > 0 then
          local arrival = level
          if attempts then
            arrival = math.min(math.max(time, level) + amount, time + window)
          end
          wait = math.max(1, math.ceil(arrival - time))
        end
      else
        local room = threshold - cost
        if attempts and room >= 0 then room = room - amount end
        if room >= 0 then
          local leaves
          if kind == 0 then
            leaves = unpack6('>I6', value, #value - 5 - 6 * room)
          else
            local left, place, spent = level, c[9], 0
            repeat
              leaves, spent = unpack6('>I6I4', value, place)
              left = left - spent
              place = place + 10
            until left <= room
          end
          wait = math.min(window, leaves + window - time)
        end
      end
      rule[7] = wait

      local detail = details[i]
      local terms = rule[6] >= 8 and not exempt and detail[3]
      if terms then
        rule[8] = true
        emptied = emptied or {}
        emptied[rule[1]] = true
        local duration, factor, most = terms[1], terms[2], terms[3]
        if duration < 0 then duration = math.huge end
        if most < 0 then most = math.huge end
        local grown = duration
        if factor > 1 then
          local further = offences
          while further > 0 and grown < most do
            grown = grown * factor
            further = further - 1
          end
        end
        grown = math.max(duration, math.floor(math.min(grown, most)))
        if not ban or grown > longest then
          ban, ban_rule, longest = terms, i, grown
        end
      elseif detail[2] == 0 then
        rule[8] = true
      else
        local marked = call('HGET', key, detail[1])
        if not marked or now >= unpack6('>d', marked) then
          rule[8] = true
          changes[changed + 1], changes[changed + 2] = detail[1], pack('>d', now + detail[2])
          changed = changed + 2
          if detail[2] > keep then keep = detail[2] end
        end
      end
    end
  end
  if ban then
    offences = offences + 1
    local where, ends, memory = ban[5], now + longest, ban[4]
    if memory < 0 then memory = math.huge end
    local field = where == '' and 'b' or 'r' .. where
    local present = call('HGET', key, field)
    if present then ends = math.max(ends, (unpack6('>d', present, 9))) end
    if where == '' then banned_until = ends else routes_until = math.max(routes_until, ends) end
    forget_at = math.max(now + memory, now < forget_at and forget_at or 0)
    local record = pack('>ddI4', now, ends, offences) .. ban[6]
    changes[changed + 1], changes[changed + 2] = field, record
    changed = changed + 2
    if ends < math.huge then keep = math.max(keep, ends - now) end
    if forget_at < math.huge then keep = math.max(keep, forget_at - now) end
    ban = record
  end
end

`;
