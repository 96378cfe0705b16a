"""User groups and channel topics that follow who is on call: read, written where they differ, and explained."""
