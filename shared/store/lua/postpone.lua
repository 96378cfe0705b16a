-- Let a budget be at least so far ahead of now.
-- KEYS: budget. ARGV: microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(now + ARGV[1], tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', string.format('%.0f', math.floor((due - now) / 1000) + 1))
return 1
