"""
Pure: what every message of ours is made of: text from outside made safe, Block Kit blocks around it, and metadata.

`escape` first, `clamp` after it: cutting never leaves half of what escaping wrote. Source of the three entities, of the
date token and of what stands in angle brackets: Slack's page on formatting text for app surfaces.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from shared.model.event import Ref, Snapshot
from shared.model.ids import SlackUserId
from shared.slack.api.models import METADATA_TYPE

Block = dict[str, Any]
"""One Block Kit block, as Slack's documentation writes it."""

SCHEMA = 1
NAME = 80
"""Characters that the name of a person or a thing may take."""
ELLIPSIS = "…"

_BREAKS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
"""Tabs and line ends: a title is one line, and must not be able to start another."""
_BLANK = re.compile(
    "["
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800"  # fillers, and the empty Braille pattern
    "\u180b-\u180d\u180f\ufe00-\ufe0d\U000e0100-\U000e01ef"  # choose a rare look of the character before them
    "\u2065\ufff0-\ufff8\U000e0000-\U000e0fff"  # set aside for more of the kind
    "\U00013430-\U00013442\U00016fe4\U0001d159"  # blanks of Egyptian, a filler of Khitan, a note without a head
    "]"
)
"""Invisible characters whose Unicode category is one of visible ones."""
_SHOWN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Signs around numbers, which Unicode counts among the invisible."""
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""They join or part what stands around them, as in Persian and in emoji, and choose between emoji and text."""
_LOOSE = re.compile(rf"(?<!\S)[{_JOINERS}]+|[\u200c\u200d]+(?!\S)|(?<=[{_JOINERS}]{{2}})[{_JOINERS}]+")
"""Joiners that join nothing, and more of them than any writing has."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_BROKEN_END = re.compile(r"(&[a-z]{0,4}|<[^<>]*)$")
"""The remainder of an entity or a token, such as a link, at a cut."""

_PAGERDUTY = re.compile(r"https://(?:[a-z0-9-]+\.)+pagerduty\.com(?:[/?#][!-~]*)?")
_NOT_IN_LINKS = frozenset('<>|"\\')
_OUTSIDE = re.compile(r"https?://[!-~]+")
_LONGEST_ADDRESS = 500
_LONGEST_LABEL = 80
_ENCODED = {ord(char): f"%{ord(char):02X}" for char in _NOT_IN_LINKS}
_TOKEN = re.compile(r"<([^<>]*)>")
_USER = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")

LONGEST_KEY = 200
"""Characters of a key that has room in the id of a block, of which Slack takes 255 characters."""


@dataclass(frozen=True)
class Message:
    """A message as it should be. `key` names it for ever, in its metadata; `digest` tells whether it has changed."""

    key: str
    text: str
    blocks: list[Block]
    metadata: dict[str, Any]
    digest: str

    @property
    def in_words(self) -> "Message":
        """The message without its blocks."""
        return replace(self, blocks=[], digest=f"{self.digest} in words")


def message(key: str, text: str, blocks: list[Block], facts: Mapping[str, object]) -> Message:
    """
    Make a message, with `facts` in its metadata, which everyone in the workspace can read: so they are ids only.

    Each block has an id that changes with the message, as Slack advises for messages that are updated, and names its
    key: so it is found again also where its metadata cannot be read.
    """
    digest = hashlib.sha256(json.dumps([text, blocks], sort_keys=True).encode()).hexdigest()[:12]
    named = f":{key}" if len(key) <= LONGEST_KEY else ""
    blocks = [{**block, "block_id": f"{digest}:{place}{named}"} for place, block in enumerate(blocks)]
    metadata = {"event_type": METADATA_TYPE, "event_payload": {"key": key, "v": SCHEMA, **facts}}
    return Message(key, text, blocks, metadata, digest)


def section(text: str) -> Block:
    """Make a paragraph of mrkdwn, which must have been escaped."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def columns(texts: Sequence[str]) -> Block:
    """Make a paragraph of at most ten small ones, two beside each other; their mrkdwn must have been escaped."""
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": text, "verbatim": True} for text in texts]}


def context(text: str) -> Block:
    """Make a paragraph in small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def escape(text: str) -> str:
    """
    Make `text` one harmless line of mrkdwn.

    No mention, link or token of its own survives, nothing invisible, nothing that turns the reading direction. What
    remains is left as it was: a title full of asterisks stays readable.
    """
    return plain(text).translate(_ENTITIES)


def clamp(text: str, limit: int) -> str:
    """Cut escaped `text` to `limit` characters as sent, the last an ellipsis, never within an entity or token."""
    if len(text) <= limit:
        return text
    kept = _BROKEN_END.sub("", text[: max(0, limit - 1)])
    return (kept.rstrip() + ELLIPSIS)[: max(0, limit)]


def short(text: str, most: int = NAME) -> str:
    """Escape text and cut it to `most` characters, without blanks around it: a name of nothing else is none."""
    return clamp(escape(text).strip(), most)


def named(ref: Ref) -> str:
    """Name a person or a thing, by its id where there is no name."""
    return short(ref.name) or short(ref.id)


def listed(names: Sequence[str]) -> str:
    """List names the way people do: one, two and three; empty if there is none."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def number(snapshot: Snapshot) -> str:
    """Name an incident the way people do; empty if it has no number yet."""
    return f"#{snapshot.number}" if snapshot.number is not None else ""


def plain(text: str, limit: int | None = None) -> str:
    """Make `text` one harmless line for a `plain_text` field, where nothing is markup and so nothing is escaped."""
    line = _BREAKS.sub(" ", text)
    shown = line.translate(dict.fromkeys(ord(char) for char in set(line) if _is_hidden(char)))
    cleaned = _SURROGATE.sub("\ufffd", _LOOSE.sub("", shown))
    if limit is None or len(cleaned) <= limit:
        return cleaned
    return (cleaned[: max(0, limit - 1)].rstrip() + ELLIPSIS)[: max(0, limit)]


def link(url: str, label: str) -> str:
    """Link the escaped `label` to `url` if that is PagerDuty's (`linkable`); else give the label alone."""
    return f"<{url.translate(_ENTITIES)}|{label}>" if linkable(url) else label


def linkable(url: str) -> bool:
    """True if `url` may be linked: a page at `https://*.pagerduty.com`, and no address without end."""
    return len(url) <= _LONGEST_ADDRESS and not _NOT_IN_LINKS & set(url) and bool(_PAGERDUTY.fullmatch(url))


def external_link(url: str, label: str) -> str:
    """Link to a page that monitoring named, beside its host, or show it as text: empty if nothing of it can be seen."""
    words, host = short(label, _LONGEST_LABEL), _host(url)
    address = url.translate(_ENCODED).translate(_ENTITIES)
    if not host or len(address) > _LONGEST_ADDRESS:
        return ": ".join(filter(None, (words, short(url, _LONGEST_ADDRESS))))
    return f"<{address}|{words}> ({host})" if words not in ("", host, escape(url)) else f"<{address}|{host}>"


def duration(seconds: float) -> str:
    """Return a length of time in its largest fitting unit, such as `5 minutes` or `48 hours`."""
    units = ((3600, "hour"), (60, "minute"))
    size, unit = next((each for each in units if seconds >= 2 * each[0]), (1, "second"))
    count = round(seconds / size)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def date(ms: int) -> str:
    """Show a moment, in milliseconds since 1970, in each reader's time zone; programs that know no dates show UTC."""
    seconds = ms // 1000
    otherwise = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{seconds}^{{date_short_pretty}} {{time}}|{otherwise}>"


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


def _host(url: str) -> str:
    """Return the host of an address; empty for an address that must not be followed."""
    if not _OUTSIDE.fullmatch(url):
        return ""
    try:
        return clamp(escape(urlsplit(url).hostname or ""), _LONGEST_LABEL)
    except ValueError:
        return ""


@lru_cache(maxsize=4096)
def _is_hidden(char: str) -> bool:
    """True for control characters, and for what has no width, turns the reading direction or is only blank."""
    if char in _JOINERS or char in _SHOWN_FORMATS:
        return False
    return unicodedata.category(char).lower() in {"cc", "cf"} or bool(_BLANK.match(char))
