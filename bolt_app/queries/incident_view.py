"""One incident with all that belongs to it: read side by side, and the words that its parts are told in."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from bolt_app.replies.builder import headline, people_listed
from shared.errors import CallError, Malformed
from shared.model.ids import IncidentId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import (
    ACKNOWLEDGEMENT_ENDS,
    ESCALATES,
    RESOLVES_ITSELF,
    URGENCY_CHANGES,
    RestIncident,
)
from shared.pagerduty.models.incident_parts import Alert, LogEntry, Note
from shared.slack.render.blocks import clamp, date, escape

log = structlog.get_logger()

LONGEST = 300
"""Characters of free text shown in one line."""
NEXT = {
    ESCALATES: "Escalates",
    ACKNOWLEDGEMENT_ENDS: "Its acknowledgement ends",
    RESOLVES_ITSELF: "Resolves by itself",
    URGENCY_CHANGES: "Changes its urgency",
}

T = TypeVar("T")


@dataclass(frozen=True)
class IncidentView:
    """An incident with what belongs to it; None for what could not be read."""

    incident: RestIncident
    alerts: tuple[Alert, ...] | None
    notes: tuple[Note, ...] | None
    log: tuple[LogEntry, ...] | None


async def read_incident(pagerduty: PagerDuty, incident: IncidentId) -> IncidentView:
    """Read it. Raises what reading the incident itself raises."""
    read, alerts, notes, entries = await asyncio.gather(
        pagerduty.incident(incident),
        _or_none(pagerduty.alerts(incident)),
        _or_none(pagerduty.notes(incident)),
        _or_none(pagerduty.log_entries(incident)),
    )
    return IncidentView(read.value, alerts, notes.value if notes else None, entries)


def facts(incident: RestIncident) -> str:
    """Return the incident's state, assignees and pending PagerDuty actions."""
    now = incident.snapshot
    said = [f"{escape(now.urgency).capitalize()} urgency"]
    said += [escape(ref.name or ref.id) for ref in (now.priority, now.service, now.escalation_policy) if ref]
    lines = [headline(incident.id, now), " · ".join(said)]
    lines.append(f"Assigned to {people_listed(now.assignees)}")
    if incident.acknowledgers:
        lines.append(f"Acknowledged by {people_listed(incident.acknowledgers)}")
    lines += [f"Opened {date(now.created_ms)}"] if now.created_ms else []
    lines += [f"{NEXT[action.type]} {date(action.at.ms)}" for action in incident.pending if action.type in NEXT]
    return "\n".join(lines)


def alert_count(view: IncidentView) -> int:
    """Return the number of alerts as text."""
    return view.incident.alerts.all if view.incident.alerts else len(view.alerts or ())


def author(note: Note) -> str:
    """Return a note's author and time."""
    name = escape(note.user.name or note.user.id) if note.user else "Somebody"
    return f"{name} {date(note.created.ms)}"


def log_line(logged: LogEntry) -> str:
    """Return a log entry in one line."""
    return f"{date(logged.at.ms)}: {clamp_lines(logged.summary)}"


def clamp_lines(text: str, most: int = LONGEST) -> str:
    """Return the beginning of a text, at most `most` characters."""
    return clamp(escape(text), most)


async def _or_none(reading: Awaitable[T]) -> T | None:
    """Read what an answer can do without."""
    try:
        return await reading
    except (CallError, Malformed) as error:
        log.warning("incident.part_unread", why=str(error))
        return None
