-- uses put_document queue_times
-- Store what entries of a stream made of an incident, let what follows from it be due, and take the entries off the
-- stream: all in one step, so that a worker that dies has done everything or nothing.
-- KEYS: those of put_document, then stream (or the document), then due set and marks of each queue in which the incident is marked.
-- ARGV: those of put_document (an empty revision: nothing changed, only the journal gets something), then incident, mark,
-- then group and entries, if they come off a stream.
-- Returns the verdict of put_document; with any but 1 nothing was done.
if ARGV[1] ~= '' then
  local stored = put_document()
  if stored ~= 1 then
    return stored
  end
elseif ARGV[5] ~= '' then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'facts', ARGV[5])
  redis.call('EXPIRE', KEYS[3], ARGV[7])
end
for i = 6, #KEYS, 2 do
  mark_due(KEYS[i], KEYS[i + 1], ARGV[8], ARGV[9], 0)
end
if ARGV[10] then
  redis.call('XACK', KEYS[5], ARGV[10], unpack(ARGV, 11))
  redis.call('XDEL', KEYS[5], unpack(ARGV, 11))
end
return 1
