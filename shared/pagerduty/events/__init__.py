"""Webhooks, log entries and snapshots, parsed into events."""
