"""A Slack and a PagerDuty that run on this machine, as strict as the real ones and able to misbehave on demand."""
