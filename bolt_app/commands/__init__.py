"""Slack payloads and typed text, parsed into commands."""
