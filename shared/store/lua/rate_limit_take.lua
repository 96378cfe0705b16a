-- Take one call out of each of its budgets, or out of none. A budget is the moment when its next call would be due at
-- an even pace; it may lie ahead of now by as much as a burst is allowed.
-- A caller with a name who must wait gets a place in a budget's line, and room is kept for all who stand before it: so
-- each is told a time of its own, and few come back in vain. Who does not come back in time loses the place. In the line
-- of a wider budget stands only who has room in the narrower ones: else two could wait for each other.
-- A budget that is further ahead than any may be is of a time from which the clock was put back, and counts no more.
-- KEYS: for each budget, the narrowest first, the budget, its line (caller -> place), when each is due back
-- (caller -> latest), and whether anyone may wait: a mark that lasts as long as the line, and is read with the budgets.
-- ARGV: caller (empty: stands in no line), priority, how late it may come back, how far ahead any may be; then for
-- each budget what a call takes and how far ahead the budget may be. All times in microseconds.
-- Returns 0, or how long to wait; then nothing was taken.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local caller, late, furthest = ARGV[1], tonumber(ARGV[3]), now + ARGV[4]
local level = 10000000000000
local lowest = ARGV[2] * level
local count, due, ranks, waits, places = #KEYS / 4, {}, {}, {}, {}
local blocked, wait = count + 1, 0
local read = {}
for i = 1, count do
  read[i], read[count + i] = KEYS[4 * i - 3], KEYS[4 * i]
end
local found = redis.call('MGET', unpack(read))
local nobody = true -- waits in any line, as is mostly so
for i = count + 1, 2 * count do
  nobody = nobody and (caller == '' or not found[i])
end

local function takes(i)
  return tonumber(ARGV[2 * i + 3])
end

local function leave(i, who)
  redis.call('ZREM', KEYS[4 * i - 2], who)
  redis.call('ZREM', KEYS[4 * i - 1], who)
end

local function channel(who)
  return string.match(who, '^[^:]*')
end

-- Whoever comes stands a round behind the last of the same channel, else a round behind the first in line: so channels
-- take turns, and the long line of a busy one is not in the way of another.
local function place(i)
  local line = KEYS[4 * i - 2]
  local from, to = string.format('%.0f', lowest), string.format('%.0f', lowest + level - 1)
  local same = redis.call('ZRANGEBYSCORE', line, from, to)
  local ahead = same[1]
  if not ahead then
    return lowest + math.floor(now / 1000)
  end
  for k = #same, 1, -1 do
    if channel(same[k]) == channel(caller) then
      ahead = same[k]
      break
    end
  end
  return redis.call('ZSCORE', line, ahead) + 1
end

local function before(i)
  if nobody then
    places[i] = string.format('%.0f', lowest + math.floor(now / 1000))
    return 0
  end
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4 * i - 1], '-inf', string.format('%.0f', now))) do
    leave(i, gone)
  end
  local rank = redis.call('ZRANK', KEYS[4 * i - 2], caller)
  if rank then
    return rank
  end
  places[i] = string.format('%.0f', place(i))
  return redis.call('ZCOUNT', KEYS[4 * i - 2], '-inf', places[i])
end

local function join(i)
  local line, back = KEYS[4 * i - 2], KEYS[4 * i - 1]
  if places[i] then
    redis.call('ZADD', line, places[i], caller)
  end
  redis.call('ZADD', back, string.format('%.0f', now + wait + late), caller)
  local longest = math.max(redis.call('PTTL', line), math.floor((wait + late) / 1000) + 1)
  redis.call('PEXPIRE', line, string.format('%.0f', longest))
  redis.call('PEXPIRE', back, string.format('%.0f', longest))
  redis.call('SET', KEYS[4 * i], '1', 'PX', string.format('%.0f', longest))
end

for i = 1, count do
  local kept = tonumber(found[i] or '0') or 0
  due[i] = kept < furthest and math.max(now, kept) or now
  ranks[i] = before(i)
  waits[i] = due[i] + ranks[i] * takes(i) - ARGV[2 * i + 4] - now
  blocked = waits[i] > 0 and math.min(blocked, i) or blocked
  wait = math.max(wait, waits[i])
end
for i = blocked + 1, count do
  -- Each of those before it will have to stand in the wider line too, where as many of them as a burst allows may stand
  -- at once. Told too short a time it comes back once more; told too long a time, it would leave room unused.
  local rounds = ranks[i] * takes(i) / (math.floor(ARGV[2 * blocked + 4] / takes(blocked)) + 1)
  wait = math.max(wait, waits[blocked] + ranks[blocked] * (rounds - takes(blocked)))
end
for i = 1, count do
  if caller ~= '' and i <= blocked and wait > 0 then
    join(i)
  elseif not nobody then
    leave(i, caller)
  end
  if wait <= 0 then
    local ahead = due[i] + takes(i) - now
    local lasts = string.format('%.0f', math.floor(ahead / 1000) + 1)
    redis.call('SET', KEYS[4 * i - 3], string.format('%.0f', now + ahead), 'PX', lasts)
  end
end
return wait
