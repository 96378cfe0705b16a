"""
Pure: the part of a channel's topic that names who is on call; the rest stays as people wrote it.

A topic is parts with bars between them, `Runbook: go/pay | On call: Alice | Ask here first`; the bridge's own is the
first that begins as its pattern does. A topic has 250 characters (Slack: conversations.setTopic).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.config.oncall_config import PEOPLE
from shared.slack.render.blocks import listed

LONGEST = 250
_BAR = re.compile(r"\|(?![^<>]*>)")
"""A bar between two parts: one in a link belongs to that."""
_LINK = re.compile(r"<((?:https?://|mailto:|tel:)[^<>|]*)(?:\|([^<>]*))?>")


@dataclass(frozen=True)
class Topic:
    """A topic that names who is on call: the bridge's own `part`, and the `whole` with the text of people around it."""

    part: str
    whole: str


def own_part(topic: str, pattern: str) -> str:
    """Return the part of a topic, as Slack shows it, that is the bridge's own; empty if there is none."""
    return next((part.strip() for part in _parts(topic) if _is_own(part, pattern)), "")


def topic_naming(topic: str, pattern: str, names: Sequence[str]) -> Topic | None:
    """
    Put people, by escaped names, into a topic as Slack shows it; those for whom there is no room are counted.

    None if there is not even room for their number.
    """
    parts = _parts(topic)
    place = next((at for at, part in enumerate(parts) if _is_own(part, pattern)), None)
    for words in _shorter_and_shorter(names):
        own = _filled(pattern, words)
        if place is None:
            whole = f"{own} | {topic_in_words(topic)}" if topic.strip() else own
        else:
            around = parts[place]
            blank = len(around) - len(around.lstrip()), len(around.rstrip())
            whole = "|".join([*parts[:place], around[: blank[0]] + own + around[blank[1] :], *parts[place + 1 :]])
        if len(whole) <= LONGEST:
            return Topic(own, whole)
    return None


def topic_in_words(topic: str) -> str:
    """Write a topic as people did: Slack makes links of addresses, and would make links of these again."""
    return _LINK.sub(lambda found: found[2] if found[2] and found[1].endswith(found[2]) else found[1], topic)


def _parts(topic: str) -> list[str]:
    return _BAR.split(topic_in_words(topic))


def _is_own(part: str, pattern: str) -> bool:
    begin = pattern.partition(PEOPLE)[0].strip()
    # No word that only begins like it: that is people's own.
    return re.match(rf"{re.escape(begin)}(?!(?<=\w)\w)", part.strip()) is not None


def _filled(pattern: str, people: str) -> str:
    return (pattern.replace(PEOPLE, people, 1) if PEOPLE in pattern else f"{pattern} {people}").strip()


def _shorter_and_shorter(names: Sequence[str]) -> Iterator[str]:
    yield listed(names)
    for kept in range(len(names) - 1, 0, -1):
        yield listed([*names[:kept], f"{len(names) - kept} more"])
    yield f"{len(names)} people"
