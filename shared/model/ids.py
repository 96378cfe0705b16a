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

_KEY = "pagebridge:"
"""How the keys of incidents begin that were opened from Slack."""
# Looser than PagerDuty's captures (P or Q and 6 to 13 more), tight enough to be safe in a key, a path and a log line.
_PAGERDUTY_ID = re.compile(r"[A-Z0-9]{1,32}")
_SLACK_ID = re.compile(r"[A-Z0-9]{1,32}|[0-9]{1,16}\.[0-9]{1,16}")


def incident_id(text: object) -> IncidentId:
    """Take `text` as the id of an incident, to be part of keys and URLs. Raises `Malformed` if it cannot be one."""
    if isinstance(text, str) and _PAGERDUTY_ID.fullmatch(text):
        return IncidentId(text)
    raise Malformed("not the id of a PagerDuty incident")


def slack_id(value: object) -> str:
    """Take an id of Slack's, or a `MessageTs`, to stand in markup, keys and addresses, or raise `Malformed`."""
    if isinstance(value, str) and _SLACK_ID.fullmatch(value):
        return value
    raise Malformed("not an id of Slack's")


def incident_key(command: CommandId) -> str:
    """Make the key under which a command opens an incident: PagerDuty opens no second one beside an open one."""
    return _KEY + command


def command_of_key(key: str) -> CommandId | None:
    """Return the command that opened the incident with this key; None if it was not opened from Slack."""
    return CommandId(key.removeprefix(_KEY)) if key.startswith(_KEY) else None
