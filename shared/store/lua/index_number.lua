-- Let an incident be found by its number, also while the memory is full.
-- KEYS: index of the number. ARGV: incident, seconds kept.
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return redis.call('EXPIRE', KEYS[1], ARGV[2])
