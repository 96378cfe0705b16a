"""Identity and authorization: who a Slack user is in PagerDuty, and what they may do."""
