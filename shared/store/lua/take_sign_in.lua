-- Take the next sign-in that came back: one that its worker has not handled in time, else the first of the list.
-- KEYS: the list, those that are taken. ARGV: the milliseconds after which another worker takes it.
-- Returns it, or false when there is none.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local late = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now), 'LIMIT', 0, 1)[1]
local taken = late or redis.call('LINDEX', KEYS[1], 0)
if taken then
  redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[1]), taken)
  -- Last: what a step of a script has done stays done where the next one is refused.
  if not late then
    redis.call('LPOP', KEYS[1])
  end
end
return taken
