-- Finish with an incident: forget its mark unless it was marked again meanwhile, else let it be due at once.
-- KEYS: due set, marks (same slot). ARGV: incident, marks when it was taken, milliseconds until it is due again (-1: done).
local time = redis.call('TIME')
-- By what the clock showed before, if it was put back meanwhile: see `mark_work`.
local shown = tonumber(redis.call('HGET', KEYS[2], '@') or '0')
local now = math.max(time[1] * 1000 + math.floor(time[2] / 1000), shown)
if (redis.call('HGET', KEYS[2], ARGV[1]) or '0') ~= ARGV[2] then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
elseif ARGV[3] == '-1' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), ARGV[1])
end
return 1
