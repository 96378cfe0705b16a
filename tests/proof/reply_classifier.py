"""What people read, told by its words: the oracle judges what was said, so it has to understand it."""

import re
from enum import Enum, auto


class Said(Enum):
    """What a private answer comes to."""

    UNDER_WAY = auto()
    DONE = auto()
    AFTER_ALL = auto()
    ALREADY = auto()
    REOPENED = auto()
    STALE = auto()
    DECLINED = auto()
    NOT_DONE = auto()
    UNKNOWN = auto()
    NOT_STORED = auto()
    SOMETHING_ELSE = auto()


FINAL = frozenset(Said) - {Said.UNDER_WAY, Said.SOMETHING_ELSE}
"""Answers after which the person knows how it ended, or that nobody knows."""
NEGATIVE = frozenset({Said.ALREADY, Said.STALE, Said.DECLINED, Said.NOT_DONE})
"""Answers that say that the click did nothing."""

_WORDS = (
    (Said.UNDER_WAY, r"is on its way|is in line|NOT \w+ yet|Until PagerDuty confirms it"),
    (Said.AFTER_ALL, r"(went through|was created) after all"),
    (Said.DONE, r"^:white_check_mark:"),
    (Said.REOPENED, r"reopened .*:"),
    (Said.STALE, r"The card shows its state"),
    (Said.ALREADY, r"already \w+.*(Nothing changed)"),
    (Said.UNKNOWN, r"did not confirm it"),
    (Said.NOT_STORED, r"could not be saved"),
    (Said.NOT_DONE, r"was NOT "),
    (Said.DECLINED, r"^:no_entry:"),
)
_COMPILED = tuple((meaning, re.compile(pattern)) for meaning, pattern in _WORDS)


def said(text: str) -> Said:
    """Understand a private answer."""
    return next((meaning for meaning, pattern in _COMPILED if pattern.search(text)), Said.SOMETHING_ELSE)


def card_status(text: str) -> str:
    """Read the state that a card shows off its first word."""
    return re.split(r"\W", text, maxsplit=1)[0].lower()


def place(line: str) -> str:
    """Read where a line says that something was done; empty when it names no place."""
    found = re.search(r" in (Slack|PagerDuty)\b", line)
    return found[1] if found else ""


def still_trying(card: str) -> bool:
    """Tell whether a card says that somebody is at it and PagerDuty has not confirmed it."""
    return "has not confirmed" in card
