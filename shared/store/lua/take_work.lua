-- Take one due incident and hide it from the others for a while, so that a worker that dies leaves it to them.
-- KEYS: due set, marks (same slot). ARGV: milliseconds to hide it.
-- Returns {incident, marks so far}, or {milliseconds until the next one is due} (-1: none waits).
-- What the clock showed last, to the second, is kept under '@', which no incident is called. When it has been put back,
-- all that waits goes back with it: else it would wait for as long as the clock was put back by.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[1] then
  return { -1 }
end
local shown = tonumber(redis.call('HGET', KEYS[2], '@') or '0')
if now < shown then
  local all = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do
    redis.call('ZADD', KEYS[1], string.format('%.0f', all[i + 1] - shown + now), all[i])
  end
  first[2] = first[2] - shown + now
end
if now < shown or now >= shown + 1000 then
  redis.call('HSET', KEYS[2], '@', string.format('%.0f', now))
end
if tonumber(first[2]) > now then
  return { tonumber(first[2]) - now }
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[1]), first[1])
return { first[1], redis.call('HGET', KEYS[2], first[1]) or '0' }
