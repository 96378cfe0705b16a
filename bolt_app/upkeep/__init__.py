"""What one worker does for all on a timer: resync with PagerDuty, sweep Slack, watch the webhook subscription."""
