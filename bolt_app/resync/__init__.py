"""Background repair: resync with PagerDuty, the Slack sweep, and the webhook subscription watchdog."""
