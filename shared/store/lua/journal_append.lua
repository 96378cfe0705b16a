-- Add one step to a journal.
-- KEYS: journal. ARGV: facts, how many steps it keeps, about, and how many seconds it outlives this one.
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'facts', ARGV[1])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
