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

# Looser than PagerDuty's captures (P or Q and 6 to 13 more), tight enough to be safe in a key, a path and a log line.
_PAGERDUTY_ID = re.compile(r"[A-Z0-9]{1,32}")


def incident_id(text: object) -> IncidentId:
    """
    Take `text` as the id of an incident.

    Raises `Malformed` for anything that cannot be one, so that nothing else ever becomes part of a key or a URL.
    """
    if isinstance(text, str) and _PAGERDUTY_ID.fullmatch(text):
        return IncidentId(text)
    raise Malformed("not the id of a PagerDuty incident")
