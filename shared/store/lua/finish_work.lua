-- uses put_document queue_times
-- Finish with an incident: store what is not stored yet, give up the lease, and forget the mark unless there is another
-- one since, else let it be due at once.
-- KEYS: those of put_document, then lease, due set, marks, then due set and marks of each other queue in which the incident
-- is marked. ARGV: those of put_document (an empty revision: nothing is to be stored), then incident, its mark when it was
-- taken, milliseconds until it is due again (-1: done), mark in the other queues, and the contexts of traces that go on
-- waiting.
-- Returns the verdict of put_document, with any but 1 nothing was done; or 2 if the incident is due again.
if ARGV[1] ~= '' then
  local stored = put_document()
  if stored ~= 1 then
    return stored
  end
end
-- What was stored has shown that nobody else has had the lease since.
if ARGV[1] ~= '' or ARGV[4] ~= '0' and redis.call('GET', KEYS[5]) == ARGV[4] then
  redis.call('DEL', KEYS[5])
end
for i = 8, #KEYS, 2 do
  mark_due(KEYS[i], KEYS[i + 1], ARGV[8], ARGV[11], 0)
end
local incident, mark, again = ARGV[8], ARGV[9], ARGV[10]
local kept = redis.call('HMGET', KEYS[7], '@', incident)
local noted = kept[2] or '0'
local marked = string.match(noted, '^%S*') ~= mark
if not marked and again == '-1' then
  redis.call('ZREM', KEYS[6], incident)
  redis.call('HDEL', KEYS[7], incident)
  return 1
end
if ARGV[12] ~= '' then
  redis.call('HSET', KEYS[7], incident, noted .. ARGV[12])
end
local at = queue_now(KEYS[6], KEYS[7], kept[1]) + (marked and 0 or again)
redis.call('ZADD', KEYS[6], string.format('%.0f', at), incident)
return 2
