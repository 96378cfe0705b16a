-- Begin a data set, if none has begun.
-- KEYS: generation. ARGV: its name. Returns the name of the one that there is.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
