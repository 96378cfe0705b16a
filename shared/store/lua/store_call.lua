-- uses put_document
-- Store that a call to PagerDuty is under way, and what it is expected to cause: both documents of the incident, or none.
-- KEYS: those of put_document for the commands, then the projection and a hash beside it that lives as long (or the
-- projection). ARGV: those of put_document, then the projection's expected revision and new text.
-- Returns the verdict of put_document; with any but 1 nothing was done.
local known = redis.call('HMGET', KEYS[5], 'rev', 'day')
if (known[1] or '0') ~= ARGV[8] then
  return 0
end
local stored, day = put_document()
if stored ~= 1 then
  return stored
end
redis.call('HSET', KEYS[5], 'rev', string.format('%.0f', ARGV[8] + 1), 'doc', ARGV[9], 'day', day)
if day ~= known[2] then
  redis.call('EXPIRE', KEYS[5], ARGV[3])
  if KEYS[6] ~= KEYS[5] then
    redis.call('EXPIRE', KEYS[6], ARGV[3])
  end
end
return 1
