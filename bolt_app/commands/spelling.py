"""Pure: which name a mistyped word was probably meant to be; never the one that it says the opposite of."""

from collections.abc import Iterable
from difflib import get_close_matches

MIN_SIMILARITY = 0.65
"""How alike a mistyped name must be, from 0 to 1."""
MIN_STEM_SIMILARITY = 0.85
"""The same for the rest of a word that begins with one of `PREFIXES`: a mere typo must not be taken for it."""
PREFIXES = ("un", "de", "dis", "non", "not", "no", "off")
"""Beginnings by which a word says the opposite of its rest."""
NEGATIONS = frozenset(
    {"not", "no", "never", "don't", "don\u2019t", "dont", "undo", "cancel", "stop", "remove", "revert"}
)
"""Words by which the word after them is meant to be undone, or not to be done."""


def closest(text: str, names: Iterable[str]) -> str:
    """Return the name that a text was probably meant to be; empty if none, or if it says the opposite of one."""
    known, word = list(names), text.casefold()
    return "" if word in NEGATIONS or negated(text, known) else _similar(word, known, MIN_SIMILARITY)


def negated(text: str, names: Iterable[str]) -> str:
    """Return the name whose opposite a text begins with, such as `ack` for "unack 37" or "undo ack"; else empty."""
    known = list(names)
    first, second = [*text.casefold().split(None, 2), "", ""][:2]
    if first in NEGATIONS:
        return _similar(second, known, MIN_STEM_SIMILARITY)
    typo = _similar(first, known, MIN_SIMILARITY)
    for prefix in filter(first.startswith, PREFIXES):
        stem = first.removeprefix(prefix).lstrip("-_")
        if stem in known or not typo.startswith(prefix):
            name = _similar(stem, known, MIN_STEM_SIMILARITY)
            if name:
                return name
    return ""


def _similar(word: str, names: list[str], least: float) -> str:
    return next(iter(get_close_matches(word, names, 1, least)), "")
