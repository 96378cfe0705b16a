-- Mark an incident as due. An earlier due time stands.
-- Each mark has a number of its own, counted under '#', which no incident is called: a worker that took the incident
-- long ago must never find the number it remembers.
-- KEYS: due set, marks (same slot). ARGV: incident, milliseconds from now.
-- As long as `take_work` has not noticed that the clock was put back, all due times are by what it showed before.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local shown = tonumber(redis.call('HGET', KEYS[2], '@') or '0')
if redis.call('ZCARD', KEYS[1]) == 0 or now >= shown + 1000 then
  redis.call('HSET', KEYS[2], '@', string.format('%.0f', now))
  shown = now
end
local at = math.max(now, shown) + ARGV[2]
redis.call('HSET', KEYS[2], ARGV[1], redis.call('HINCRBY', KEYS[2], '#', 1))
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not due or tonumber(due) > at then
  redis.call('ZADD', KEYS[1], string.format('%.0f', at), ARGV[1])
end
return 1
