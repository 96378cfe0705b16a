-- List an incident among the open ones. KEYS: indexes that get it, then indexes that it leaves.
-- ARGV: incident, when it was made, how many indexes get it.
for i, index in ipairs(KEYS) do
  if i <= tonumber(ARGV[3]) then
    redis.call('ZADD', index, ARGV[2], ARGV[1])
  else
    redis.call('ZREM', index, ARGV[1])
  end
end
return 1
