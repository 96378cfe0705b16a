-- uses put_document queue_times
-- Store one document, and let what follows from it be due. KEYS: those of put_document, then due set and marks of each queue
-- in which the incident is marked. ARGV: those of put_document, whose verdict is returned, then incident and mark. If
-- something was moved out of the document: ARGV[10...] are the fields and values that the hash beside it gets now.
local stored = put_document()
if stored ~= 1 then
  return stored
end
for i = 5, #KEYS, 2 do
  mark_due(KEYS[i], KEYS[i + 1], ARGV[8], ARGV[9], 0)
end
if ARGV[10] then
  for first = 10, #ARGV, 1000 do
    redis.call('HSET', KEYS[4], unpack(ARGV, first, math.min(first + 999, #ARGV)))
  end
  redis.call('EXPIRE', KEYS[4], ARGV[3])
end
return stored
