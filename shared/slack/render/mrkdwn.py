"""
Pure: a Slack message's text as plain text that is readable elsewhere.

Source: Slack's page on formatting text: mentions, channels, links, dates and broadcasts stand in angle brackets, and
the three characters `&`, `<` and `>` of the text itself are written as entities.
"""

import re
from collections.abc import Mapping

from shared.model.ids import SlackUserId

_TOKEN = re.compile(r"<([^<>]*)>")
_USER = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")


def mentioned_users(text: str) -> tuple[SlackUserId, ...]:
    """List the users who are mentioned, each once, in their order."""
    return tuple(dict.fromkeys(SlackUserId(user) for user in _USER.findall(text)))


def to_plain_text(text: str, names: Mapping[SlackUserId, str]) -> str:
    """Write `text` without Slack's markup. `names` has what people are called; one who is not there keeps their id."""
    shown = _TOKEN.sub(lambda token: _shown(token[1], names), text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(token: str, names: Mapping[SlackUserId, str]) -> str:
    target, _, label = token.partition("|")
    match target[:1]:
        case "@":
            return "@" + (names.get(SlackUserId(target[1:])) or label or target[1:])
        case "#":
            return "#" + (label or target[1:])
        case "!":
            return _special(target[1:], label)
        case _:
            return _link(target, label)


def _special(target: str, label: str) -> str:
    """Write a broadcast, a user group, or a date, whose label is its fallback."""
    if target.startswith("date^"):
        return label or target
    name = label or target.rpartition("^")[2]
    return name if name.startswith("@") else f"@{name}"


def _link(target: str, label: str) -> str:
    address = target.removeprefix("mailto:")
    return address if label in {"", address, target} or address.endswith(f"//{label}") else f"{label} ({address})"
