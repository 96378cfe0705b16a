-- Lay an entry of a stream aside, and let the oldest dead letters go while all together take too much memory.
-- KEYS: dead letters. ARGV: how many of them are kept, about, how many bytes all may take, then the fields.
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 3))
local kept = redis.call('XLEN', KEYS[1])
while kept > 1 and redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', '0') > tonumber(ARGV[2]) do
  kept = kept - 1
  redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', kept)
end
return kept
