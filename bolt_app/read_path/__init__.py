"""The read path: what happened in PagerDuty is folded into the projection, and Slack is made equal to it."""
