"""Pure: the text of a typed command: the incident that it begins with, and its words without Slack's markup."""

import re

from shared.slack.render.blocks import to_plain_text

QUOTED = 40
"""Characters of typed text that are repeated in an answer: one line's worth."""

_REF = re.compile(
    r"(?:#?(?P<number>[0-9]{1,18})|#?(?P<id>[PQ][A-Z0-9]{6,31})"
    r"|<?https://[^\s<>|]{1,200}/incidents/(?P<linked>[A-Z0-9]{1,32})[^\s<>|]{0,200}(?:\|[^<>]*)?>?)[:,]?(?:\s+|$)"
)


def take_incident(text: str) -> tuple[str, str]:
    """Take the number or id that a text begins with, empty if it does not, and the rest of the text."""
    found = _REF.match(text)
    if found is None:
        return "", text
    number = found["number"]
    return (str(int(number)) if number else found["id"] or found["linked"]), text[found.end() :].strip()


def find_incident(text: str) -> str:
    """Return the first number or id among the words of a text; empty if there is none."""
    return next((named for word in text.split() if (named := take_incident(word)[0])), "")


def strip_markup(text: str) -> str:
    """Write Slack's markup in words; people go by the name that Slack sends along."""
    return to_plain_text(text, {}).strip()


def quoted(text: str) -> str:
    """Return the beginning of typed text, as much as is worth repeating."""
    words = " ".join(text.split())
    return words if len(words) <= QUOTED else words[: QUOTED - 1].rstrip() + "…"
