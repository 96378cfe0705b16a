-- uses queue_now
-- Mark an incident as due. An earlier due time stands.
-- The mark is another one each time: a worker that took the incident long ago must never find the one it remembers.
-- KEYS: due set, marks (same slot). ARGV: incident, milliseconds from now, mark.
local at = queue_now(KEYS[1], KEYS[2]) + ARGV[2]
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return redis.call('ZADD', KEYS[1], 'LT', string.format('%.0f', at), ARGV[1])
