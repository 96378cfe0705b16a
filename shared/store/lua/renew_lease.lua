-- Prolong a lease that is still ours, or give it up.
-- KEYS: lease. ARGV: epoch held, milliseconds from now (0: give it up).
-- Returns 1 when it was ours.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
