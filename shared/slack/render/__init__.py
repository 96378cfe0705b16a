"""Pure: cards, thread lines and other messages as Block Kit."""
