"""The command `pagebridge`, and a PagerDuty and a Slack that run on this machine."""
