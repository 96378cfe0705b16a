"""Slack's Web API: the only code that calls it."""
