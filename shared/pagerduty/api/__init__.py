"""PagerDuty's REST API: the only code that calls it."""
