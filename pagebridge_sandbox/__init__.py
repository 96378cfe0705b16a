"""TODO pagebridge_sandbox."""
