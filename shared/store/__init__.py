"""Everything kept in Redis: which keys there are, and the few atomic steps on them."""
