-- Make a consumer group that reads a stream from its first entry on.
-- KEYS: stream. ARGV: group. Returns the error BUSYGROUP when it is there.
return redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
