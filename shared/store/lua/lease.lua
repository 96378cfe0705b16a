-- Take the lease on an incident for one kind of work, if nobody holds it.
-- KEYS: lease, epoch counter (same slot). ARGV: milliseconds it lasts, seconds the counter is kept, where it begins.
-- Returns the new epoch, the fencing token, or 0 when somebody holds the lease.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('SET', KEYS[2], ARGV[3] or '0', 'NX')
local epoch = redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', epoch), 'PX', ARGV[1])
return epoch
