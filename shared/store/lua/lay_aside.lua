-- Lay a key of another type than ours aside, so that what belongs there can be stored.
-- KEYS: key, where it is kept. ARGV: its type, seconds kept. Returns the type that it had, empty for the right one.
local found = redis.call('TYPE', KEYS[1]).ok
if found == 'none' or found == ARGV[1] then
  return ''
end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return found
