"""Logging and call metrics."""
