-- Take an incident out of indexes of open ones; from now on it counts as just over.
-- KEYS: pairs of an index of open ones and that of those just over. ARGV: incident, seconds for which it is just over.
local now_ms = redis.call('TIME')[1] * 1000
local since_ms = string.format('%.0f', now_ms - ARGV[2] * 1000)
for i = 1, #KEYS, 2 do
  redis.call('ZADD', KEYS[i + 1], string.format('%.0f', now_ms), ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i + 1], '-inf', since_ms)
  redis.call('EXPIRE', KEYS[i + 1], ARGV[2])
  redis.call('ZREM', KEYS[i], ARGV[1])
end
return 1
