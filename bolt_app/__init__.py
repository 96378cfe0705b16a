"""The worker: Slack's Socket Mode, the executor, the projector and the reconciler."""
