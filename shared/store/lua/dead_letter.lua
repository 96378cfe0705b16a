-- Lay an entry of a stream aside.
-- KEYS: dead letters. ARGV: how many of them are kept, about, then the fields.
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 2))
