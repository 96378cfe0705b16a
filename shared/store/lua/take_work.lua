-- Take one due incident and hide it from the others for a while, so that a worker that dies leaves it to them; with it
-- the lease for this kind of work, and the documents that it begins with.
-- KEYS: due set, marks. ARGV: milliseconds to hide it, kind of work (empty: no lease is taken), milliseconds that a lease
-- lasts, seconds that its epoch is kept, the new epoch, milliseconds until the next try when somebody holds the lease,
-- what the keys of an incident begin with, and the names of documents.
-- Returns {incident, its last mark, now in milliseconds, milliseconds until another one is due (-1: none waits), the contexts of
-- traces behind the mark, revision and text of each document}, or {milliseconds until the next one is due, or the next try}
-- (-1: none waits). The contexts are taken away: a mark that comes during the work has only those that are still to be
-- worked for.
-- What the clock showed last, to the second, is kept under '@', which no incident is called. When it has been put back,
-- all that waits goes back with it: else it would wait for as long as the clock was put back by.
local first = redis.call('ZRANGE', KEYS[1], 0, 1, 'WITHSCORES')
if not first[1] then
  return { -1 }
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local noted = redis.call('HMGET', KEYS[2], '@', first[1])
local shown = tonumber(noted[1] or '0') or 0
if now < shown then
  local all = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do
    redis.call('ZADD', KEYS[1], string.format('%.0f', all[i + 1] - shown + now), all[i])
  end
  first[2] = first[2] - shown + now
  first[4] = first[4] and first[4] - shown + now
end
if now < shown or now >= shown + 1000 then
  redis.call('HSET', KEYS[2], '@', string.format('%.0f', now))
end
if tonumber(first[2]) > now then
  return { tonumber(first[2]) - now }
end
local after = first[4] and math.max(0, first[4] - now) or -1
local own = ARGV[7] .. first[1] .. ':'
if ARGV[2] ~= '' then
  local lease = own .. 'lease:' .. ARGV[2]
  if not redis.call('SET', lease, ARGV[5], 'NX', 'PX', ARGV[3]) then
    -- Whoever holds it looks at the mark again at the end. One that would last longer than any does is of a time from
    -- which the clock was put back, and one without an end was not taken by a worker: it begins anew.
    local left = redis.call('PTTL', lease)
    if left == -1 or left > tonumber(ARGV[3]) then
      redis.call('PEXPIRE', lease, ARGV[3])
    end
    redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[6]), first[1])
    return { after < 0 and tonumber(ARGV[6]) or math.min(after, ARGV[6]) }
  end
  redis.call('SET', own .. 'epoch:' .. ARGV[2], ARGV[5], 'EX', ARGV[4])
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[1]), first[1])
local mark, traces = string.match(noted[2] or '0', '^(%S*)(.*)$')
if traces ~= '' then
  redis.call('HSET', KEYS[2], first[1], mark)
end
local taken = { first[1], mark, now, after, traces }
for i = 8, #ARGV do
  -- One that is no hash is left to be found by who reads it: the incident is in hand already.
  local found = redis.pcall('HMGET', own .. ARGV[i], 'rev', 'doc')
  taken[#taken + 1] = found.err and '?' or found[1] or '0'
  taken[#taken + 1] = found[2] or ''
end
return taken
