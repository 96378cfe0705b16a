"""Pure: a Slack payload as a command. Who clicked is taken from where Slack puts it, never from the button."""

from collections.abc import Mapping
from typing import Any

from shared.errors import Malformed
from shared.model.command import Action, Clicker, Command, command_id
from shared.model.ids import ChannelId, MessageTs, SlackUserId, incident_id

Payload = Mapping[str, Any]


def button(payload: Payload) -> Command:
    """
    Make the command that a press on one of our buttons means.

    Raises `Malformed` for a payload that no button of ours can have sent.
    """
    try:
        action = payload["actions"][0]
        verb = Action(str(action["action_id"]).removeprefix("pagebridge:"))
        incident, _, label = str(action["value"]).partition(" ")
        container = payload["container"]
        user = clicker(payload)
        message = str(container["message_ts"])
        name = command_id(user.id, action["action_id"], message, str(action["action_ts"]))
        return Command(
            id=name,
            action=verb,
            incident=incident_id(incident),
            by=user,
            channel=ChannelId(str(container["channel_id"])),
            message=MessageTs(message),
            response_url=str(payload.get("response_url") or ""),
            label=label,
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Malformed(f"not a press on a button of this bridge: {type(error).__name__}") from None


def clicker(payload: Payload) -> Clicker:
    """Name the person behind an interactive payload."""
    user = payload["user"]
    enterprise = payload.get("enterprise") or {}
    return Clicker(
        id=SlackUserId(str(user["id"])),
        team=str(user.get("team_id") or (payload.get("team") or {}).get("id") or ""),
        enterprise=enterprise.get("id"),
        name=str(user.get("name") or user.get("username") or ""),
    )
