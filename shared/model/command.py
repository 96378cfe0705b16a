"""A command: one action that a person asked for on one incident, with its parameters and lifetime."""

import hashlib
from dataclasses import dataclass, replace

from shared.model.actions import Action
from shared.model.event import Ref
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId, UserId

__all__ = [
    "Action",
    "ActionParams",
    "Command",
    "SlackActor",
    "command_id",
    "command_of_key",
    "incident_key",
    "split",
]

_KEY = "pagebridge:"
"""How the keys of incidents begin that were opened from Slack."""


@dataclass(frozen=True)
class SlackActor:
    """The person behind an envelope, as Slack (never the button) names them."""

    id: SlackUserId
    team: str
    enterprise: str | None = None


@dataclass(frozen=True)
class ActionParams:
    """
    The parameters of an action; each action reads its own.

    `text` is the note, the resolution note, the status update, the message to responders, or the details of a new
    incident. `people` are PagerDuty users to assign or to ask. `policy`, `priority` and `service` are PagerDuty's.
    `level` is an escalation level, from 1. `seconds` is the length of a snooze. `title` and `urgency` are those of a
    new incident. `expected_assignees` are the assignees that the person saw: a change of assignees is refused if they
    are others by now.
    """

    text: str = ""
    people: tuple[Ref, ...] = ()
    policy: Ref | None = None
    priority: Ref | None = None
    service: Ref | None = None
    level: int | None = None
    seconds: int = 0
    title: str = ""
    urgency: str = ""
    expected_assignees: frozenset[UserId] | None = None


@dataclass(frozen=True)
class Command:
    """
    One wish of one person about one incident, with where to answer them privately.

    One that is done in several calls is split into as many commands, `part` of `parts`, each with its own outcome.
    """

    id: CommandId
    action: Action
    incident: IncidentId
    by: SlackActor
    channel: ChannelId
    message: MessageTs | None
    response_url: str
    label: str = ""
    """How the card named the incident, such as `#37`; a hint for words only."""
    url: str = ""
    """Where the card said that the incident's page is; a hint for words only."""
    params: ActionParams = ActionParams()
    part: int = 0
    parts: int = 1
    always_reply: bool = False
    """True if the outcome is always told in words, because the command was typed and the card may be out of sight."""
    requested_ms: int = 0
    """When it was requested: by Slack's clock, or by the store's when its modal was opened; 0 if unknown."""

    @property
    def parent_id(self) -> CommandId:
        """The id of the command that this is a part of; its own when there is but one."""
        return CommandId(self.id.partition(".")[0])


def split(command: Command) -> tuple[Command, ...]:
    """Make one command of each call that is needed, so that what one did is known apart from the others."""
    people = command.params.people
    if command.action is not Action.ADD_RESPONDERS or len(people) < 2:  # noqa: PLR2004 -- one is no several
        return (command,)
    return tuple(
        replace(
            command,
            id=CommandId(f"{command.id}.{part}"),
            params=replace(command.params, people=(person,)),
            part=part,
            parts=len(people),
        )
        for part, person in enumerate(people)
    )


def incident_key(command: CommandId) -> str:
    """Make the key under which a command opens an incident: PagerDuty opens no second one beside an open one."""
    return _KEY + command


def command_of_key(key: str) -> CommandId | None:
    """Return the command that opened the incident with this key; None if it was not opened from Slack."""
    return CommandId(key.removeprefix(_KEY)) if key.startswith(_KEY) else None


def command_id(user: SlackUserId, action_id: str, message: str, action_ts: str) -> CommandId:
    """
    Derive a command's id from Slack's own identifiers.

    A redelivered envelope has another envelope id but the same user, action, message (or view) and `action_ts` (or
    `trigger_id`), so it becomes the same command.
    """
    digest = hashlib.sha256(f"{user}\x1f{action_id}\x1f{message}\x1f{action_ts}".encode()).hexdigest()
    return CommandId(digest[:20])
