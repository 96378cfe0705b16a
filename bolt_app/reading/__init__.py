"""Answers that only read: nothing in here changes anything."""
