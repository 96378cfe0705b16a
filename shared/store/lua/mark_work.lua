-- uses queue_times
-- Mark an incident as due.
-- KEYS: due set, marks. ARGV: incident, milliseconds from now, mark.
return mark_due(KEYS[1], KEYS[2], ARGV[1], ARGV[3], ARGV[2])
