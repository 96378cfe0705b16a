"""Child processes on this machine: supervision and the embedded Valkey."""
