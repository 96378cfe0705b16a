"""Read-only requests: `/pd` listings, on-call, whoami, help and incident details."""
