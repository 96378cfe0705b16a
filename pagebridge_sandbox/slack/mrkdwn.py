"""Slack's text markup as people read it."""

import re
from collections.abc import Callable

NameLookup = Callable[[str], str]
"""Gives the visible name of a user or channel id."""

REFERENCE = re.compile(r"<([^<>]+)>")
STYLES = [re.compile(rf"(?<![\w{mark}])[{mark}](\S(?:[^\n]*?\S)?)[{mark}](?![\w{mark}])") for mark in ("*", "_", "~")]
TARGET = re.compile(r"<[^<>]+>|https?://[^\s<>|]+|[\w.+-]+@[\w-]+\.[\w.-]*\w")
CODE = re.compile(r"(`+)([^`]+)\1")


def to_plain_text(text: str, name_of: NameLookup) -> str:
    """Turn mrkdwn into what is seen: links as their label, people by name, dates by their fallback, no marks."""
    text = REFERENCE.sub(lambda found: _render_reference(found[1], name_of), text)
    text = CODE.sub(r"\2", text)
    for style in STYLES:
        text = style.sub(r"\1", text)
    return unescape(text)


def linkified(text: str) -> str:
    """Write plain words as Slack keeps them: escaped, and addresses as links; markup that is there already stays."""
    parts, end = [], 0
    for found in TARGET.finditer(text):
        parts += [_escaped(text[end : found.start()]), _linked(found[0])]
        end = found.end()
    return "".join([*parts, _escaped(text[end:])])


def _escaped(text: str) -> str:
    return unescape(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _linked(target: str) -> str:
    if target.startswith("<"):
        return target
    return f"<{target}>" if "://" in target else f"<mailto:{target}|{target}>"


def unescape(text: str) -> str:
    """Undo the three escapes of Slack."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _render_reference(inside: str, name_of: NameLookup) -> str:
    target, _, label = inside.partition("|")
    if target[0] == "@":
        return f"@{name_of(target[1:])}"
    if target[0] == "#":
        return f"#{name_of(target[1:])}"
    if target[0] == "!":
        return label or f"@{target[1:].split('^')[0]}"
    return label or target
