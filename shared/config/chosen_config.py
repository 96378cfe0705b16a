"""A part of `bridge.toml` that holds for some incidents: by service, team, urgency and priority; and times in words."""

from typing import Annotated, Literal

from shared.config.card_config import Table
from shared.config.setting_types import shaped
from shared.model.event import SECOND, Snapshot

Name = Annotated[str, shaped(r"(?s).*\S.*", "an id or a name; leave it out to match any")]
Duration = Annotated[str, shaped(r"[1-9]\d{0,3}[smhd]|never", 'a time such as "30m", "2h" or "1d", or "never"')]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Chosen(Table):
    """A part that holds for some incidents. Every given field must match; without any it holds for every incident."""

    service: Name | None = None
    """The incident's service, by its id or its name in PagerDuty."""
    team: Name | None = None
    """One of the incident's teams, by its id or its name."""
    urgency: Literal["high", "low"] | None = None
    """The incident's urgency."""
    priority: Name | None = None
    """The incident's priority, by its id or its name."""

    def mismatch(self, snapshot: Snapshot) -> str:
        """Name the first given field that does not match an incident, by id or by name; empty if all match."""
        wanted = (
            ("service", self.service, (snapshot.service,)),
            ("team", self.team, snapshot.teams or ()),
            ("priority", self.priority, (snapshot.priority,)),
        )
        for field, value, refs in wanted:
            if value is not None and not any(ref is not None and value in (ref.id, ref.name) for ref in refs):
                return field
        return "" if self.urgency in (None, snapshot.urgency) else "urgency"


def milliseconds(duration: str) -> int | None:
    """Return a time in milliseconds, None for never."""
    return None if duration == "never" else int(duration[:-1]) * _UNITS[duration[-1]] * SECOND
