"""Pure: the old values of what has changed, as a card shows them for a while: struck through, or in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.model.recent_changes import LONGEST, Changes, Field
from shared.slack.render.blocks import short

_TILDES = str.maketrans("~", "\u223c")
"""A tilde within what is struck through would end it."""


@dataclass(frozen=True)
class OldValues:
    """The old values that a card shows; none unless given."""

    values: Mapping[Field, str] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Changes) -> "OldValues":
        """Take them from the last changes, escaped."""
        texts = {change.field: short(change.old, LONGEST) for change in changes}
        return cls({each: text for each, text in texts.items() if text})

    def struck(self, each: Field, suffix: str = "") -> str:
        """Return what stands before the value of now, with `suffix` behind its name; empty if there is nothing."""
        old = self.values.get(each, "")
        shown = old.capitalize() if each is Field.URGENCY else old
        return f"~{shown.translate(_TILDES)}{suffix}~ " if old else ""

    def was(self, each: Field) -> str:
        """Return what stands behind the value of now where nothing can be struck through; empty if there is nothing."""
        old = self.values.get(each, "")
        return f" (was {old})" if old else ""
