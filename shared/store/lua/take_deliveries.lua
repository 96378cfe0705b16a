-- Move what the receiver has appended to the events stream, under ids, and so times, of the store's own.
-- KEYS: deliveries, events. ARGV: how many at most, how many bytes of one are taken.
-- Returns how many were moved. An empty element was the receiver's probe, and is only taken away.
local moved, more = 0, true
while more and moved < tonumber(ARGV[1]) do
  -- With the next one: mostly there is none, which need not be asked for then.
  local first = redis.call('LRANGE', KEYS[1], 0, 1)
  local element = first[1]
  if not element then
    break
  end
  more = first[2]
  moved = moved + 1
  if element ~= '' then
    local kept = string.sub(element, 1, ARGV[2])
    local received, trace, body = string.match(kept, '^(%d+) (%x+%-%x+%-%x+%-%x+) (.*)$')
    if not received then
      received, body = string.match(kept, '^(%d+) (.*)$')
    end
    local cut = #kept < #element and tostring(#element) or ''
    local entry = { 'received', received or '', 'body', body or kept, 'cut', cut }
    if trace then
      entry[7], entry[8] = 'trace', trace
    end
    redis.call('XADD', KEYS[2], '*', unpack(entry))
  end
  -- Last: what a step of a script has done stays done where the next one is refused.
  redis.call('LPOP', KEYS[1])
end
return moved
