-- Put another text in the place of one that is still as it was read, or remove it.
-- KEYS: the text. ARGV: the text as it was read (empty: there was none), the new one (empty: remove it), the seconds
-- that it lives from now on (0: no longer than before).
-- Returns 1 when it was as read.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
elseif ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
return 1
