"""
Pure: the name of an incident's channel, by a pattern. Every title gives a valid name.

Source of what Slack allows: its page on conversations.create. Of letters only a to z are used, which every Slack takes.
"""

import re
import unicodedata

from shared.model.event import Snapshot
from shared.model.ids import IncidentId

LONGEST = 80
LONGEST_PATTERN = 40
SERVICE = 24
"""Characters that a service's name may take of it: the title has the rest."""
PLACEHOLDERS = ("number", "id", "service", "title")
UNIQUE = ("{number}", "{id}")
"""Without one of these two incidents could want one name."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_OTHERS = re.compile(r"[^a-z0-9]+")
_SEPARATORS = re.compile(r"([-_])[-_]+")


def channel_name(pattern: str, incident: IncidentId, snapshot: Snapshot, tries: int = 0) -> str:
    """Return the name of an incident's channel, with another suffix after each of the `tries` that it was taken."""
    suffix = f"-{tries + 1}" if tries else ""
    number = incident.lower() if snapshot.number is None else str(snapshot.number)
    known = {"number": number, "id": incident.lower()}
    room = LONGEST - len(suffix) - len(_filled(pattern, known))
    service = snapshot.service.name if snapshot.service and "{service}" in pattern else ""
    known["service"] = _slug(service)[: max(0, min(SERVICE, room))]
    known["title"] = _slug(snapshot.title)[: max(0, room - len(known["service"]))]
    name = _SEPARATORS.sub(r"\1", _filled(pattern, known))[: LONGEST - len(suffix)].strip("-_")
    return f"{name}{suffix}"


def _filled(pattern: str, known: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: known.get(found[1], ""), pattern)


def _slug(text: str) -> str:
    """Write a text with what a name may have: letters without their marks, digits, and hyphens for all others."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _OTHERS.sub("-", letters).strip("-")
