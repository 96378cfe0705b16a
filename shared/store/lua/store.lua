-- Compare-and-set of one document of an incident.
-- KEYS: document, epoch counter of the lease (same slot). ARGV: expected revision, new text, seconds kept, epoch held.
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
return 1
