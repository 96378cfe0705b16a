"""The part of `bridge.toml` about channels of single incidents."""

import re
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator

from shared.config.card_config import Table
from shared.config.chosen_config import Chosen, Duration, milliseconds
from shared.model.channel_name import LONGEST_PATTERN, PLACEHOLDERS, UNIQUE
from shared.model.event import Snapshot


def _pattern(text: str) -> str:
    """Accept a pattern that gives each incident a name of its own, also to those with the same title."""
    for name in re.findall(r"\{([^{}]*)\}", text):
        if name not in PLACEHOLDERS:
            close = get_close_matches(name, PLACEHOLDERS, 1)
            hint = f"; did you mean {{{close[0]}}}?" if close else ""
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise ValueError(f"names {{{name}}}, and a channel's name can have {known}{hint}")
    bare = re.sub(r"\{\w+\}", "", text)
    if not any(each in text for each in UNIQUE):
        raise ValueError("must have {number} or {id}, so that no two incidents want one name")
    if not re.fullmatch(r"[a-z0-9_-]*", bare) or len(text) > LONGEST_PATTERN:
        raise ValueError(
            f"must be at most {LONGEST_PATTERN} small letters, digits, - and _, such as inc-{{number}}-{{title}}"
        )
    return text


class AutomaticChannelConfig(Chosen):
    """Incidents for which a channel is opened by itself."""


class IncidentChannelsConfig(Table):
    """Channels of single incidents, each opened on demand, or by itself. Without this table there are none."""

    name: Annotated[str, AfterValidator(_pattern)] = "inc-{number}-{title}"
    """The pattern of their names: small letters, and `{number}`, `{id}`, `{service}` and `{title}` to be filled in."""
    is_private: bool = False
    """With `true` they are private. Those of private teams always are."""
    archive_after: Duration = "never"
    """How long after the incident is resolved, and no one writes there any more, it is archived: such as `48h`."""
    automatic: tuple[AutomaticChannelConfig, ...] = ()
    """The incidents for which one is opened by itself; for all others on demand, by the command `channel`."""

    @property
    def archive_ms(self) -> int | None:
        """The time until a channel is archived in milliseconds, None for never."""
        return milliseconds(self.archive_after)

    def is_automatic(self, snapshot: Snapshot) -> bool:
        """True if a channel is opened for an incident without anyone asking."""
        return any(not each.mismatch(snapshot) for each in self.automatic)
