"""What a person asked for, and how long asking stays good."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from shared.model.event import ACKNOWLEDGED, RESOLVED, Status
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId


class Action(StrEnum):
    """What can be asked of an incident. The value is the verb that people read."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"

    @property
    def status(self) -> Status:
        """The state that the action leads to."""
        return Status.ACKNOWLEDGED if self is Action.ACKNOWLEDGE else Status.RESOLVED

    @property
    def event_type(self) -> str:
        """The event by which PagerDuty reports the action."""
        return ACKNOWLEDGED if self is Action.ACKNOWLEDGE else RESOLVED


@dataclass(frozen=True)
class Clicker:
    """The person behind an envelope, as Slack (never the button) names them."""

    id: SlackUserId
    team: str
    enterprise: str | None = None


@dataclass(frozen=True)
class Command:
    """One wish of one person about one incident, with where to answer them privately."""

    id: CommandId
    action: Action
    incident: IncidentId
    by: Clicker
    channel: ChannelId
    message: MessageTs | None
    response_url: str
    label: str = ""
    """How the card named the incident, such as `#37`; a hint for words only."""
    url: str = ""
    """Where the card said that the incident's page is; a hint for words only."""


def command_id(user: SlackUserId, action_id: str, message: str, action_ts: str) -> CommandId:
    """
    Derive a command's id from Slack's own identifiers.

    A redelivered envelope has another envelope id but the same user, action, message and `action_ts`, so it becomes the
    same command.
    """
    digest = hashlib.sha256(f"{user}\x1f{action_id}\x1f{message}\x1f{action_ts}".encode()).hexdigest()
    return CommandId(digest[:20])
