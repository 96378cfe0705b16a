"""Slack: the words and blocks (pure), and the one door to its API."""
