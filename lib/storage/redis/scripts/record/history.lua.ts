/**
 * Adds the request to the actor's history, a string: head of 20 bytes (when it began, modulo 2³², number of its first event, and
 * revision, 4 bytes each; how long it is kept, 6; how many events, 2), then events of 23 bytes, oldest first (time in ms, 6 bytes; 17 that the caller
 * wrote). Instances may ask for
 * different numbers of events, and for different times: the greater hold. It is cut when it has twice as many.
 */
export const HISTORY = String.raw`
local news
if history then
  local history_key, at = KEYS[requests + history_count], 41 * (history_count - 1)
  local known_born, known_next = digits(histories, at + 1, 5), digits(histories, at + 6, 5)
  local known_revision, most = digits(histories, at + 11, 5), digits(histories, at + 16, 2)
  local history_keep = digits(histories, at + 18, 7)
  local event = packed_now .. sub(histories, at + 25, at + 41)
  local length = redis.pcall('APPEND', history_key, event)
  -- Else the key holds something else.
  if type(length) == 'number' then
    local born, first, revision, kept, wanted = clock % 4294967295 + 1, 0, 0, history_keep, most
    if length == 23 then
      call('SET', history_key, pack('>I4I4I4I6I2', born, 0, 0, kept, most) .. event)
      length = 43
    else
      born, first, revision, kept, wanted = unpack_('>I4I4I4I6I2', call('GETRANGE', history_key, 0, 19))
      if history_keep > kept or most > wanted then
        kept, wanted = math.max(kept, history_keep), math.max(wanted, most)
        call('SETRANGE', history_key, 12, pack('>I6I2', kept, wanted))
      end
    end
    local stored = (length - 20) / 23
    local next = first + stored
    local fresh = next - known_next
    if born ~= known_born or revision ~= known_revision or fresh < 1 or fresh > stored then fresh = stored end
    if fresh > most then fresh = most end
    news = fresh == 1 and event or call('GETRANGE', history_key, length - 23 * fresh, -1)
    if stored >= 2 * wanted then
      local last = call('GETRANGE', history_key, length - 23 * wanted, -1)
      call('SET', history_key, pack('>I4I4I4I6I2', born, next - wanted, revision, kept, wanted) .. last)
    end
    call('PEXPIRE', history_key, string.format('%.0f', kept))
    news = news .. pack('>I4I4I4I2', born, next, revision, fresh)
  end
end
`;
