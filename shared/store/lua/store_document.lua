-- Compare-and-set of one document of an incident.
-- KEYS: document, epoch counter of the lease, journal (same slot). ARGV: expected revision, new text, seconds kept, epoch
-- held, what the journal gets of it (empty: nothing), how many steps it keeps, and how many seconds.
-- If something was moved out of the document: KEYS[4] holds that, and ARGV[8...] are the fields and values it gets now.
-- Returns 1 when stored, 0 when another revision is there, -1 when the writer has been fenced off.
-- An epoch of 0 means that the writer needs no lease: the fold, which any worker may do.
if ARGV[4] ~= '0' and redis.call('GET', KEYS[2]) ~= ARGV[4] then
  return -1
end
local revision = redis.call('HGET', KEYS[1], 'rev') or '0'
if revision ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'rev', string.format('%.0f', tonumber(ARGV[1]) + 1), 'doc', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
if ARGV[5] ~= '' then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'facts', ARGV[5])
  redis.call('EXPIRE', KEYS[3], ARGV[7])
end
if KEYS[4] then
  for first = 8, #ARGV, 1000 do
    redis.call('HSET', KEYS[4], unpack(ARGV, first, math.min(first + 999, #ARGV)))
  end
  redis.call('EXPIRE', KEYS[4], ARGV[3])
end
return 1
