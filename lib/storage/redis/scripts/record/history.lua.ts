/**
 * Adds events to histories of the actor. One is a string: head of 20 bytes (when it began, modulo 2³², number of its first event,
 * and revision, 4 bytes each; how long it is kept, 6; how many events, 2), then events of one size, oldest first (time in ms,
 * 6 bytes; what the caller wrote). Instances may ask for different numbers of events, and for different times: the greater hold.
 * It is cut when it has a quarter more. Where a key holds something else, there is no news.
 */
export const HISTORY = String.raw`
local news
for _ = 1, history_total do
  local function digits(text, from, count)
    local value = 0
    for place = from, from + count - 1 do value = value * 128 + byte(text, place) end
    return value
  end
  news = news or {}
  local arrival = pack('>I6', now)
  own_count = own_count + 1
  local history_key = KEYS[requests + own_count]
  local known_born, known_next = digits(histories, own_at, 5), digits(histories, own_at + 5, 5)
  local known_revision, most = digits(histories, own_at + 10, 5), digits(histories, own_at + 15, 2)
  local history_keep, size, added = digits(histories, own_at + 17, 7), byte(histories, own_at + 24, own_at + 25)
  own_at = own_at + 26
  local events = ''
  for _ = 1, added do
    events = events .. arrival .. sub(histories, own_at, own_at + size - 1)
    own_at = own_at + size
  end
  size = size + 6
  local length = redis.pcall('APPEND', history_key, events)
  if type(length) ~= 'number' then
    news[#news + 1] = pack('>I4I4I4I2', 0, 0, 0, 0)
  else
    local born, first, revision, kept, wanted = clock % 4294967295 + 1, 0, 0, history_keep, most
    if length == #events then
      call('SET', history_key, pack('>I4I4I4I6I2', born, 0, 0, kept, most) .. events)
      length = length + 20
    else
      born, first, revision, kept, wanted = unpack_('>I4I4I4I6I2', call('GETRANGE', history_key, 0, 19))
      if history_keep > kept or most > wanted then
        kept, wanted = math.max(kept, history_keep), math.max(wanted, most)
        call('SETRANGE', history_key, 12, pack('>I6I2', kept, wanted))
      end
    end
    local stored = (length - 20) / size
    local next = first + stored
    local fresh = next - known_next
    if born ~= known_born or revision ~= known_revision or fresh < added or fresh > stored then fresh = stored end
    if fresh > most then fresh = most end
    if fresh ~= added then events = call('GETRANGE', history_key, length - size * fresh, -1) end
    if 4 * stored >= 5 * wanted then
      local last = call('GETRANGE', history_key, length - size * wanted, -1)
      call('SET', history_key, pack('>I4I4I4I6I2', born, next - wanted, revision, kept, wanted) .. last)
    end
    call('PEXPIRE', history_key, string.format('%.0f', kept))
    news[#news + 1] = events .. pack('>I4I4I4I2', born, next, revision, fresh)
  end
end
`;
