-- Take the lease on an incident for one kind of work, if nobody holds it.
-- KEYS: lease, its epoch. ARGV: milliseconds it lasts, seconds the epoch is kept, the new epoch.
-- Returns 1, or 0 when somebody holds the lease.
-- One that would last longer than any does is of a time from which the clock was put back, and one without an end was not
-- taken by a worker: it begins anew.
if not redis.call('SET', KEYS[1], ARGV[3], 'NX', 'PX', ARGV[1]) then
  local left = redis.call('PTTL', KEYS[1])
  if left == -1 or left > tonumber(ARGV[1]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
  end
  return 0
end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[2])
return 1
