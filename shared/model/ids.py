"""Identifiers, each with a type of its own so that a Slack user cannot stand where a PagerDuty user is wanted."""

from typing import NewType

IncidentId = NewType("IncidentId", str)
UserId = NewType("UserId", str)
"""A PagerDuty user."""
TeamId = NewType("TeamId", str)
SlackUserId = NewType("SlackUserId", str)
ChannelId = NewType("ChannelId", str)
MessageTs = NewType("MessageTs", str)
"""Slack's name of a message within its channel, such as `1700000000.000100`."""
CommandId = NewType("CommandId", str)
EventId = NewType("EventId", str)
LineKey = NewType("LineKey", str)
