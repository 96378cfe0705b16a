"""`show`: one incident in short (facts, first alert, what is next, notes, log); the details dialog shows it in full."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from bolt_app.commands.incident_lookup import IncidentLookup, unknown_incident
from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.replies.builder import Reply, build_reply, incident_facts, people_listed
from bolt_app.visibility import Visibility
from shared.errors import CallError, Malformed
from shared.model.enrichment import Link
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
from shared.slack.render.blocks import clamp, date, escape, external_link, named, short

log = structlog.get_logger()

LONGEST = 300
"""Characters of free text shown in one line."""
LAST_NOTES = 3
LAST_ENTRIES = 5
LINKS = 5
NEXT = {
    ESCALATES: "Escalates",
    ACKNOWLEDGEMENT_ENDS: "Its acknowledgement ends",
    RESOLVES_ITSELF: "Resolves automatically",
    URGENCY_CHANGES: "Urgency changes",
}

T = TypeVar("T")


@dataclass(frozen=True)
class IncidentView:
    """An incident with what belongs to it; None for what could not be read."""

    incident: RestIncident
    alerts: tuple[Alert, ...] | None
    notes: tuple[Note, ...] | None
    log: tuple[LogEntry, ...] | None


@dataclass(frozen=True)
class ShowIncident:
    """Reads one incident."""

    pagerduty: PagerDuty
    visibility: Visibility
    incident_lookup: IncidentLookup

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Show it. Raises what the reading raises, and `Declined` where only a linked person may see it."""
        target = await self.incident_lookup.find(parsed, typed)
        if isinstance(target, Reply):
            return target
        view = await read_incident(self.pagerduty, target.incident)
        if not await self.visibility.is_visible(view.incident, typed.by, typed.channel):
            return unknown_incident(parsed, typed.command)
        return render_incident(view)


async def read_incident(pagerduty: PagerDuty, incident: IncidentId) -> IncidentView:
    """Read it. Raises what reading the incident itself raises."""
    read, alerts, notes, entries = await asyncio.gather(
        pagerduty.incident(incident, with_details=True),
        _or_none(pagerduty.alerts(incident)),
        _or_none(pagerduty.notes(incident)),
        _or_none(pagerduty.log_entries(incident)),
    )
    return IncidentView(read.value, alerts, notes.value if notes else None, entries.value if entries else None)


def render_incident(view: IncidentView) -> Reply:
    """Return the incident's summary, the most urgent first."""
    notes, entries = "_The notes couldn't be read._", "_The activity couldn't be read._"
    if view.notes is not None:
        lines = [f"{author(note)}: {short(note.content, LONGEST)}" for note in latest(view.notes, LAST_NOTES)]
        notes = "\n".join(["*Latest notes*", *lines]) if lines else ""
    if view.log is not None:
        lines = [log_line(logged) for logged in view.log[-LAST_ENTRIES:]]
        entries = "\n".join(["*Latest activity*", *lines]) if lines else ""
    written = short(view.incident.details, LONGEST)
    return build_reply(facts(view.incident), f"*Details*: {written}" if written else "", _alert(view), notes, entries)


def facts(incident: RestIncident) -> str:
    """Return the incident's state, assignees and pending PagerDuty actions."""
    now = incident.snapshot
    lines = incident_facts(incident.id, now)
    if incident.acknowledgers:
        lines.append(f"Acknowledged by {people_listed(incident.acknowledgers)}")
    lines += [f"Opened {date(now.created_ms)}"] if now.created_ms else []
    lines += [f"{NEXT[action.type]} {date(action.at.ms)}" for action in incident.pending if action.type in NEXT]
    return "\n".join(lines)


def alert_count(view: IncidentView) -> int:
    """Return the number of alerts."""
    return view.incident.alerts.all if view.incident.alerts else len(view.alerts or ())


def author(note: Note) -> str:
    """Return a note's author and time."""
    name = named(note.user) if note.user else "Someone"
    return f"{name} · {date(note.created.ms)}"


def log_line(logged: LogEntry) -> str:
    """Return a log entry in one line."""
    return f"{date(logged.at.ms)}: {short(logged.summary, LONGEST)}"


def reported_by(client: Link) -> str:
    """Return the monitoring tool that reported an alert, as a link if it names a page that may be followed."""
    return f"reported by {external_link(client.href, client.text)}"


def latest(notes: tuple[Note, ...], most: int) -> list[Note]:
    """Return the notes written last, the oldest first."""
    return sorted(notes, key=lambda note: note.created.ms)[-most:]


def _alert(view: IncidentView) -> str:
    """Return the first alert as text."""
    if view.alerts is None:
        return "_The alerts couldn't be read._"
    if not view.alerts:
        return ""
    first, count = view.alerts[0], alert_count(view)
    head = "*Alert*" if count == 1 else f"*First of {count} alerts*"
    said = " · ".join(filter(None, map(escape, (first.summary, first.severity, first.source))))
    said += f" · {reported_by(first.client)}" if first.client else ""
    links = [external_link(link.href, link.text) for link in first.links[:LINKS]]
    return "\n".join([f"{head}: {clamp(said, LONGEST)}", *links])


async def _or_none(reading: Awaitable[T]) -> T | None:
    """Read what an answer can do without."""
    try:
        return await reading
    except (CallError, Malformed) as error:
        log.warning("incident.part_unread", why=str(error))
        return None
