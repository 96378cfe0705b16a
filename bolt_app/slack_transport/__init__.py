"""How Slack payloads reach the worker: Socket Mode or HTTP."""
