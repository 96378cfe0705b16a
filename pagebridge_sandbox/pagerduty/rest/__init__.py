"""PagerDuty's REST API v2."""
