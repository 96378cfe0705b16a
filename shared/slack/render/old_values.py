"""Pure: the old values of what has changed, as a card shows them for a while: struck through, or in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.event import LONGEST_OLD, Changes, Field
from shared.slack.render.blocks import short

_TILDES = str.maketrans("~", "\u223c")
"""A tilde within what is struck through would end it."""


@dataclass(frozen=True)
class OldValues:
    """
    The old values that a card shows, by field, empty where there is nothing.

    What is `struck` through stands before the value of now, and `was` behind it, in words, where nothing can be struck.
    """

    struck: Mapping[Field, str]
    was: Mapping[Field, str]

    @classmethod
    def of(cls, changes: Changes) -> "OldValues":
        """Take them from the last changes, escaped."""
        texts = dict.fromkeys(Field, "") | {change.field: short(change.old, LONGEST_OLD) for change in changes}
        urgency = texts[Field.URGENCY]
        shown = {**texts, Field.URGENCY: f"{urgency.capitalize()} urgency" if urgency else ""}
        return cls(
            {each: f"~{text.translate(_TILDES)}~ " if text else "" for each, text in shown.items()},
            {each: f" (was {text})" if text else "" for each, text in texts.items()},
        )


NONE = OldValues.of(())
