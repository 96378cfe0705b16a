-- Compare-and-set of one document of an incident, for scripts that say that they use it.
-- KEYS: document, epoch of the lease, journal, a hash beside it that lives as long (or the document). ARGV: expected revision, new text, seconds kept, epoch held, what the
-- journal gets of it (empty: nothing), how many steps it keeps, about, and for how many seconds.
-- Returns 1 when stored, and the day that it is prolonged until another comes, 0 when another revision is there, -1 when the writer has been fenced off.
-- An epoch of 0 means that the writer needs no lease: the fold, which any worker may do.
-- What a document outlives its last change by is set when it is made, and with the first step of each day.
local function put_document()
  if ARGV[4] ~= '0' and redis.call('GET', KEYS[2]) ~= ARGV[4] then
    return -1
  end
  local found = redis.call('HMGET', KEYS[1], 'rev', 'day')
  if (found[1] or '0') ~= ARGV[1] then
    return 0
  end
  local day = found[2] or ''
  if ARGV[5] ~= '' then
    local step = redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'facts', ARGV[5])
    day = string.format('%.0f', math.floor(string.match(step, '^%d+') / 86400000))
  end
  redis.call('HSET', KEYS[1], 'rev', string.format('%.0f', ARGV[1] + 1), 'doc', ARGV[2], 'day', day)
  if day ~= found[2] then
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    if KEYS[4] ~= KEYS[1] then
      redis.call('EXPIRE', KEYS[4], ARGV[3])
    end
    if ARGV[5] ~= '' then
      redis.call('EXPIRE', KEYS[3], ARGV[7])
    end
  end
  return 1, day
end
