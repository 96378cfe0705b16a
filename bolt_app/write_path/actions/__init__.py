"""The actions that change an incident in PagerDuty."""
