-- Put another text in the place of one that is still as it was read, or remove it; it lives no longer for that.
-- KEYS: the text. ARGV: the text as it was read, the new one (empty: remove it).
-- Returns 1 when it was as read.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
end
return 1
