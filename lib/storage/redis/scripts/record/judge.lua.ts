/** Judges the rules of the counter that `PEEK` has looked at, unless `USUAL` has. */
export const JUDGE = String.raw`
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
