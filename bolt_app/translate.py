"""Pure: a Slack payload as a command. Who clicked is taken from where Slack puts it, never from the button."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.errors import Malformed
from shared.model.command import Action, Clicker, Command, command_id
from shared.model.ids import ChannelId, MessageTs, SlackUserId, incident_id
from shared.slack.card import NO_NUMBER

Payload = Mapping[str, Any]


def button(payload: Payload) -> Command:
    """
    Make the command that a press on one of our buttons means.

    Raises `Malformed` for a payload that no button of ours can have sent.
    """
    with _reading():
        action = payload["actions"][0]
        action_id = _text(action["action_id"])
        incident, label, url = [*_text(action["value"]).split(" ", 2), "", ""][:3]
        container = payload["container"]
        user = clicker(payload)
        message = _text(container["message_ts"])
        return Command(
            id=command_id(user.id, action_id, message, _text(action["action_ts"])),
            action=Action(action_id.removeprefix("pagebridge:")),
            incident=incident_id(incident),
            by=user,
            channel=ChannelId(_text(container["channel_id"])),
            message=MessageTs(message),
            response_url=_text(payload.get("response_url") or ""),
            label="" if label == NO_NUMBER else label,
            url=url,
        )


def clicker(payload: Payload) -> Clicker:
    """Name the person behind an interactive payload. Raises `Malformed` when it names nobody."""
    with _reading():
        user = payload["user"]
        enterprise = (payload.get("enterprise") or {}).get("id")
        return Clicker(
            id=SlackUserId(_text(user["id"])),
            team=_text(user.get("team_id") or (payload.get("team") or {}).get("id") or ""),
            enterprise=None if enterprise is None else _text(enterprise),
        )


@contextmanager
def _reading() -> Iterator[None]:
    """Take whatever goes wrong inside for a payload of another shape than Slack documents."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"not a press on a button of this bridge: {type(error).__name__}") from None


def _text(value: object) -> str:
    """Take a text that can be stored, which not every text in JSON can."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()
    return value
