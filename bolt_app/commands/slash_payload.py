"""Pure: the payload of a slash command, strictly read. Who typed it is taken from where Slack puts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import Malformed
from shared.model.command import SlackActor, command_id
from shared.model.ids import ChannelId, CommandId, SlackUserId, slack_id


@dataclass(frozen=True)
class SlashPayload:
    """A slash command as Slack sent it: `text` after `command` (such as `/pd`), its channel, and where to reply."""

    command: str
    text: str
    by: SlackActor
    channel: ChannelId
    response_url: str
    trigger_id: str

    @property
    def id(self) -> CommandId:
        """Name what is asked for here: a redelivered envelope asks for the same."""
        return command_id(self.by.id, self.command, self.channel, self.trigger_id)


def parse_slash_payload(payload: Mapping[str, Any]) -> SlashPayload:
    """Read the payload. Raises `Malformed` for what Slack does not document."""
    return SlashPayload(
        command=_text(payload, "command"),
        text=_text(payload, "text"),
        by=actor_from_slash(payload),
        channel=ChannelId(slack_id(_required(payload, "channel_id"))),
        response_url=_text(payload, "response_url"),
        trigger_id=_required(payload, "trigger_id"),
    )


def actor_from_slash(payload: Mapping[str, Any]) -> SlackActor:
    """Return the person behind the payload. Raises `Malformed` if it names no user."""
    user, team, enterprise = _required(payload, "user_id"), _text(payload, "team_id"), _text(payload, "enterprise_id")
    return SlackActor(
        SlackUserId(slack_id(user)), slack_id(team) if team else "", slack_id(enterprise) if enterprise else None
    )


def _required(payload: Mapping[str, Any], name: str) -> str:
    text = _text(payload, name)
    if not text:
        raise Malformed(f"a slash command without {name}")
    return text


def _text(payload: Mapping[str, Any], name: str) -> str:
    """Take a text that can be stored, which not every text in JSON can; what is not there is empty."""
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"a slash command whose {name} is not text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Malformed(f"a slash command whose {name} cannot be stored") from None
    return value
