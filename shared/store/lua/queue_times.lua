-- Times in queues, for scripts that say that they use it. `queue_now` is what the clock shows, in milliseconds: as long as
-- `take_work` has not noticed that the clock was put back, what it showed before, which is kept under '@': `kept`.
local function queue_now(due, marks, kept)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local shown = tonumber(kept or '0') or 0
  if now >= shown + 1000 or now < shown and redis.call('ZCARD', due) == 0 then
    redis.call('HSET', marks, '@', string.format('%.0f', now))
    return now
  end
  return math.max(now, shown)
end

-- Mark an incident as due, `after` so many milliseconds, in the queue with these two keys. An earlier due time stands.
-- The mark is another one each time: a worker that took the incident long ago must never find the one it remembers. Behind
-- it stand the contexts of the traces that wait for the work (`shared/observability/tracing.py`), the newest first; those of a
-- mark that has not been taken yet stay, 16 in all.
local function mark_due(due, marks, incident, mark, after)
  local noted = redis.call('HMGET', marks, '@', incident)
  local waiting = string.match(noted[2] or '', ' .*') or ''
  redis.call('HSET', marks, incident, string.sub(mark .. waiting, 1, 12 + 16 * 56))
  return redis.call('ZADD', due, 'LT', string.format('%.0f', queue_now(due, marks, noted[1]) + after), incident)
end
