-- uses put_document
-- Store one document. KEYS and ARGV: those of put_document, whose verdict is returned. If something was moved out of the
-- document: ARGV[8...] are the fields and values that the hash beside it gets now.
local stored = put_document()
if stored == 1 and ARGV[8] then
  for first = 8, #ARGV, 1000 do
    redis.call('HSET', KEYS[4], unpack(ARGV, first, math.min(first + 999, #ARGV)))
  end
  redis.call('EXPIRE', KEYS[4], ARGV[3])
end
return stored
