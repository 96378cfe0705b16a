"""Pure values and rules. Nothing here does I/O, awaits, or reads a clock."""
