-- What the clock shows, in milliseconds, as times in a queue are counted, for scripts that say that they use it: as long
-- as `take_work` has not noticed that the clock was put back, by what it showed before, which is kept under '@'.
local function queue_now(due, marks)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local shown = tonumber(redis.call('HGET', marks, '@') or '0') or 0
  if now >= shown + 1000 or now < shown and redis.call('ZCARD', due) == 0 then
    redis.call('HSET', marks, '@', string.format('%.0f', now))
    return now
  end
  return math.max(now, shown)
end
