-- Take one call out of each of its budgets, or out of none. A budget is the moment when its next call would be due at
-- an even pace; it may lie ahead of now by as much as a burst is allowed.
-- KEYS: budgets (same slot). ARGV: for each, in microseconds, what a call takes and how far ahead the budget may be.
-- Returns 0, or the microseconds to wait; then nothing was taken.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due, wait = {}, 0
for i, key in ipairs(KEYS) do
  due[i] = math.max(now, tonumber(redis.call('GET', key) or '0'))
  wait = math.max(wait, due[i] - ARGV[2 * i] - now)
end
if wait > 0 then
  return wait
end
for i, key in ipairs(KEYS) do
  local ahead = due[i] + ARGV[2 * i - 1] - now
  redis.call('SET', key, string.format('%.0f', now + ahead), 'PX', string.format('%.0f', math.floor(ahead / 1000) + 1))
end
return 0
