"""The write path: a click in Slack becomes a change in PagerDuty, in the clicker's name, once, or they are told."""
