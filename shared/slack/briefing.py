"""Pure: what a card says besides the state: what monitoring reported first, and what PagerDuty will do next."""

from shared.model.enrichment import FirstAlert
from shared.model.event import SNOOZED, Ref, Snapshot, Status
from shared.model.incident import Incident
from shared.model.timeline import line_time
from shared.slack.render.blocks import Block, section
from shared.slack.render.text import clamp, date, escape, external_link

LINKS = 3
SUMMARY = 250
"""Characters of what monitoring reported."""
NAME = 80
PEOPLE = 5
"""Names of those who are paged next; of more than that, the others are counted."""


def alert_blocks(incident: Incident, snapshot: Snapshot) -> list[Block]:
    """Show the first alert and where it came from, once it has been read; what the title says is not said again."""
    first = incident.enrichment.alert
    if first is None:
        return []
    facts = _facts(first, snapshot.title)
    links = " · ".join(external_link(link.href, link.text) for link in first.links[:LINKS])
    words = "\n".join(filter(None, (f":satellite_antenna: {facts}" if facts else "", links)))
    return [section(words)] if words else []


def next_step_text(incident: Incident, snapshot: Snapshot) -> str:
    """Return when it escalates and to whom, or when its acknowledgement or snooze ends; empty if unknown."""
    ahead = incident.enrichment.pending
    if snapshot.status is Status.TRIGGERED and ahead and ahead.escalates_ms is not None:
        return f"Escalates{_to(ahead.assignees)} {date(ahead.escalates_ms)}"
    if snapshot.status is not Status.ACKNOWLEDGED:
        return ""
    asleep, until = _snooze(incident)
    ends = ahead.ends_ms if ahead else until
    if ends is None:
        return ""
    return f"Snoozed until {date(ends)}" if asleep else f"Acknowledgement ends {date(ends)}"


def _facts(first: FirstAlert, title: str) -> str:
    summary = "" if first.summary == title else clamp(escape(first.summary), SUMMARY)
    source = clamp(escape(first.source), NAME)
    return " · ".join(filter(None, (summary, f"from {source}" if source else "")))


def _to(people: tuple[Ref, ...]) -> str:
    names = [clamp(escape(person.name or person.id), NAME) for person in people]
    if len(names) > PEOPLE:
        names = [*names[:PEOPLE], f"{len(names) - PEOPLE} others"]
    return f" to {' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))}" if names else ""


def _snooze(incident: Incident) -> tuple[bool, int | None]:
    """Return whether it is snoozed, and until when if known: only its thread line has that time."""
    last = max(incident.transitions, key=line_time, default=None)
    snoozes = [line for line in incident.lines if line.type == SNOOZED and (last is None or line.at.end >= last.at.ms)]
    if not snoozes:
        return False, None
    until = max(snoozes, key=line_time).detail_value("until")
    return True, int(until) if until else None
