"""What the simulation runs on: virtual time, a Redis in memory, and processes that can crash and sleep."""
