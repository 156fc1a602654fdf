/** First part of `record`: whether the actor is banned, what each counter holds, and which rules are violated. */
export const JUDGE = String.raw`
-- KEYS[1]  hash of the actor; its fields are described in keys.ts
-- ARGV[1]  plan: numbers as 7-bit digits, most significant first
--            keepMs(7) counters(1), then for each counter
--              kind(1: 0 ring, 1 sub-buckets, 2 pacing; +4 if of class attempts) windowMs(7) capacity-1(1) rules(1), and for each rule
--              threshold(5) cost(5; 0: left out) flags(1: 1 denies, 2 passive, 4 only asks, 8 bans)
-- ARGV[2]  details of the rules in the plan's order, JSON: [report field, cooldownMs, ban or false], read where one is violated
-- ARGV[3]  server time in ms after which nothing is done, or 0
-- ARGV[4]  sum of: 1 denied already, 2 can't be banned
-- ARGV[5]  explicit time in ms, or empty: server time
-- ARGV[6]  route, or empty
-- ARGV[7]… field of each counter
-- Returns  server time in ms (6 bytes), state (1: sum of 1 denied, 2 would be denied, 4 violations, 8 banned by this, 16 banned
--          before, 32 too late), then for each rule count (5) resetMs (6) and, with violations, flags (1: 1 violated, 2 report)
--          retryAfterMs (6); then, with a ban, the place of its rule (1) and the ban. Banned before: 1 if on the route (1), the ban.
-- TTL      grows to what the counters, reports, offences and bans need, and never shrinks; none while a ban is permanent
-- O(rules × log capacity)
local call, byte, sub, pack, unpack6 = redis.call, string.byte, string.sub, struct.pack, struct.unpack
local key, plan = KEYS[1], ARGV[1]
local seconds_and_micros = call('TIME')
local micros = seconds_and_micros[2]
local clock = seconds_and_micros[1] * 1000 + (micros - micros % 1000) / 1000
if clock > ARGV[3] + 0 and ARGV[3] ~= '0' then return pack('>I6B', clock, 32) end
local now = clock
if ARGV[5] ~= '' then now = ARGV[5] + 0 end
local route = ARGV[6]

local values = call('HMGET', key, 'h', unpack(ARGV, 7))
local header = values[1]
local expiry, banned_until, offences, forget_at, routes_until = 0, 0, 0, 0, 0
if header then
  if #header == 8 then
    expiry = unpack6('>d', header)
  else
    expiry, banned_until, offences, forget_at, routes_until = unpack6('>ddI4dd', header)
    local general = now < banned_until and call('HGET', key, 'b')
    local here = now < routes_until and route ~= '' and call('HGET', key, 'r' .. route)
    if here then
      local here_until = unpack6('>d', here, 9)
      if now >= here_until or (general and here_until <= banned_until) then here = false end
    end
    if here or general then return pack('>I6BB', clock, 19, here and 1 or 0) .. (here or general) end
  end
end

-- Peek, and judge. counters[i]: kind, attempts, window, unit, capacity, value, time, level, first, amount, active, live
local d1, d2, d3, d4, d5, d6, d7, n = byte(plan, 1, 8)
local keep = (((((d1 * 128 + d2) * 128 + d3) * 128 + d4) * 128 + d5) * 128 + d6) * 128 + d7
local flags_given = ARGV[4] + 0
local denied = flags_given % 2 == 1
local would_deny, violations = denied, false
local counters, rules, rule_count = {}, {}, 0
local at = 9
for i = 1, n do
  local kind, w1, w2, w3, w4, w5, w6, w7, capacity, rules_here = byte(plan, at, at + 9)
  at = at + 10
  capacity = capacity + 1
  local attempts = kind >= 4
  if attempts then kind = kind - 4 end
  local window = (((((w1 * 128 + w2) * 128 + w3) * 128 + w4) * 128 + w5) * 128 + w6) * 128 + w7
  local value, time, level, first, unit, live = values[i + 1], now, 0, 0, 1, 0
  if kind == 0 then
    if window > 1073741824 then unit = math.ceil(window / 1073741824) end
    if value then
      local newest = unpack6('>I6', value, #value - 5)
      if newest - unit >= now then time = newest - unit + 1 end
      local outside = time - window
      if newest > outside then
        local last = (#value - 1) / 6
        first = 1
        if unpack6('>I6', value, 2) <= outside then
          local dead = 1
          first = last
          while first - dead > 1 do
            local middle = dead + first
            middle = (middle - middle % 2) / 2
            if unpack6('>I6', value, middle * 6 - 4) > outside then first = middle else dead = middle end
          end
        end
        live = last - first + 1
        level = live
        if level > capacity then
          first = last - capacity + 1
          level = capacity
        end
      end
    end
  elseif kind == 1 then
    unit = math.ceil(window / 60)
    if value then
      local newest = unpack6('>I6', value, #value - 9)
      if newest - unit >= now then time = newest - unit + 1 end
      local outside = time - window
      if newest > outside then
        local ends, cost
        level, ends, cost, first = unpack6('>I5I6I4', value)
        first = 6
        while ends <= outside do
          level = level - cost
          first = first + 10
          ends, cost = unpack6('>I6I4', value, first)
        end
      end
    end
  elseif value then
    local newest
    level, newest = unpack6('>dd', value)
    if newest > now then time = newest end
  end

  local amount, active = 0, false
  for _ = 1, rules_here do
    local t1, t2, t3, t4, t5, c1, c2, c3, c4, c5, flags = byte(plan, at, at + 10)
    at = at + 11
    local cost = (((c1 * 128 + c2) * 128 + c3) * 128 + c4) * 128 + c5
    local count, violated, threshold = 0, false, 0
    if cost > 0 then
      threshold = (((t1 * 128 + t2) * 128 + t3) * 128 + t4) * 128 + t5
      local adds = cost
      if kind == 2 then
        local early = time < level
        count = early and cost + 1 or cost
        violated = early or threshold == 0
        adds = cost * (window / threshold)
      else
        count = level + cost
        violated = count > threshold
      end
      local passive = flags % 4 >= 2
      if flags % 8 < 4 then
        if adds > amount then amount = adds end
        if not passive then active = true end
      end
      if violated then
        violations = true
        if flags % 2 == 1 then
          would_deny = true
          if not passive then denied = true end
        end
      end
    end
    rule_count = rule_count + 1
    rules[rule_count] = { i, count, violated, cost, threshold, flags, 0, false }
  end
  counters[i] = { kind, attempts, window, unit, capacity, value, time, level, first, amount, active, live }
end

local changes, changed = { 'HSET', key }, 2
local ban, ban_rule, emptied

`;
