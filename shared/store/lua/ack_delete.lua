-- An entry of a stream is done: acknowledged and deleted in one step, so that neither can happen without the other.
-- KEYS: stream. ARGV: group, entry.
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
