/** Third part of a request, for the few requests that violate a rule: waits, reports and bans. */
export const VIOLATIONS = String.raw`
local ban, ban_rule, emptied
if violated_rules then
  local details = read_details()[2]
  local longest = 0
  if now >= forget_at then offences = 0 end
  for j = 1, #violated_rules do
    local violated = violated_rules[j]
    local rule, flags, cost, threshold, counter, kind, attempts, window, value, time, level, first, width, span, entry, newest, newest_low, unit =
      unpack(violated, 1, 18)
    local amount = violated.amount
    local wait = window
    if kind == 2 then
      if threshold > 0 then
        local arrival = level
        if attempts then arrival = math.min(math.max(time, level) + amount, time + window) end
        wait = math.max(1, math.ceil(arrival - time))
      end
    else
      -- An attempt stays counted, and is in the way of the next; what is served is denied, or waits itself.
      local room = threshold - cost
      if attempts and room >= 0 then room = room - amount end
      if room >= 0 then
        local leaves
        if kind == 0 then
          local low = unpack_(entry, value, #value + 1 - width * (room + 1))
          leaves = (newest - (newest_low - low) % span) * unit
        else
          local left, place, spent = level, first, 0
          repeat
            leaves, spent = unpack_('>I6I4', value, place)
            left = left - spent
            place = place + 10
          until left <= room
        end
        wait = math.min(window, leaves + window - time)
      end
    end
    violated.wait, violated.report = wait, 0

    local report_field, cooldown, terms = unpack(details[rule])
    if flags >= 8 and not exempt then
      violated.report = 2
      emptied = emptied or {}
      emptied[#emptied + 1] = violated
      local duration, factor, most = terms[1], terms[2], terms[3]
      if duration < 0 then duration = math.huge end
      if most < 0 then most = math.huge end
      local grown, further = duration, offences
      while factor > 1 and further > 0 and grown < most do
        grown = grown * factor
        further = further - 1
      end
      grown = math.max(duration, math.floor(math.min(grown, most)))
      -- Of equally long ones, that of the rule which the request names first.
      if not ban or grown > longest or (grown == longest and terms[7] < ban[7]) then
        ban, ban_rule, longest = terms, rule, grown
      end
    elseif cooldown == 0 then
      violated.report = 2
    else
      local marked = call('HGET', key, report_field)
      if not marked or now >= unpack_('>d', marked) then
        violated.report = 2
        changes[changed + 1], changes[changed + 2] = report_field, pack('>d', now + cooldown)
        changed = changed + 2
        if cooldown > keep then keep = cooldown end
      end
    end
  end
  if ban then
    offences = offences + 1
    local ends, memory, where, reason = now + longest, ban[4], ban[5], ban[6]
    if memory < 0 then memory = math.huge end
    local field = where == '' and 'b' or 'r' .. where
    local present = call('HGET', key, field)
    if present then ends = math.max(ends, (unpack_('>d', present, 9))) end
    if where == '' then banned_until = ends else routes_until = math.max(routes_until, ends) end
    forget_at = math.max(now + memory, now < forget_at and forget_at or 0)
    if ends < math.huge then keep = math.max(keep, ends - now) end
    if forget_at < math.huge then keep = math.max(keep, forget_at - now) end
    ban = pack('>ddI4', now, ends, offences) .. reason
    changes[changed + 1], changes[changed + 2] = field, ban
    changed = changed + 2
  end
end
`;
