-- Let a budget be at least so far ahead of now.
-- KEYS: budget. ARGV: microseconds, and how many of them a budget may be ahead at all: else the clock was put back.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local due = math.max(now + ARGV[1], kept < now + ARGV[2] and kept or 0)
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', string.format('%.0f', math.floor((due - now) / 1000) + 1))
return 1
