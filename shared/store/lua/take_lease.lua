-- Take the lease on an incident for one kind of work, if nobody holds it.
-- KEYS: lease, epoch counter (same slot). ARGV: milliseconds it lasts, seconds the counter is kept, where it begins.
-- Returns the new epoch, the fencing token, or 0 when somebody holds the lease.
-- One that would last longer than any does is of a time from which the clock was put back: it begins anew.
local left = redis.call('PTTL', KEYS[1])
if left > tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
if left ~= -2 then
  return 0
end
redis.call('SET', KEYS[2], ARGV[3] or '0', 'NX')
local epoch = redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', epoch), 'PX', ARGV[1])
return epoch
