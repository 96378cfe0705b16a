-- Note that a card of a channel has to wait, or does not any more, and decide whether people are to be told of it.
-- KEYS: cards that wait (incident -> since when), mark that people know.
-- ARGV: incident, since when it waits (empty: it does not), how old the oldest is when people are told, how old it may be
-- when they are told that it is over, seconds kept. Other times in milliseconds.
-- Returns {'begin', 'end' or '', cards that wait, how long the oldest has}; whoever gets the first two has to tell.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
elseif not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[5])
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local age = oldest and now - oldest or 0
local told, verdict = redis.call('EXISTS', KEYS[2]) == 1, ''
if not told and age > tonumber(ARGV[3]) then
  redis.call('SET', KEYS[2], '1', 'EX', ARGV[5])
  verdict = 'begin'
elseif told and age <= tonumber(ARGV[4]) then
  redis.call('DEL', KEYS[2])
  verdict = 'end'
end
return { verdict, redis.call('ZCARD', KEYS[1]), age }
