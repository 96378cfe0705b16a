"""Identifiers, each with a type of its own so that a Slack user cannot stand where a PagerDuty user is wanted."""

import re
from typing import NewType

from shared.errors import Malformed

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

_SLACK_ID = re.compile(r"[A-Z0-9]{1,32}|[0-9]{1,16}\.[0-9]{1,16}")


def slack_id(value: object) -> str:
    """Take an id of Slack's, or a `MessageTs`, to stand in markup, keys and addresses, or raise `Malformed`."""
    if isinstance(value, str) and _SLACK_ID.fullmatch(value):
        return value
    raise Malformed("not an id of Slack's")
