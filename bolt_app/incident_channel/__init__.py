"""A channel for an incident: opened once, kept as the incident is, archived in the end."""
