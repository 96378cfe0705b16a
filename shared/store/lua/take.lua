-- Take one due incident and hide it from the others for a while, so that a worker that dies leaves it to them.
-- KEYS: due set, marks (same slot). ARGV: milliseconds to hide it.
-- Returns {incident, marks so far}, or {milliseconds until the next one is due} (-1: none waits).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[1] then
  return { -1 }
end
if tonumber(first[2]) > now then
  return { tonumber(first[2]) - now }
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[1]), first[1])
return { first[1], redis.call('HGET', KEYS[2], first[1]) or '0' }
