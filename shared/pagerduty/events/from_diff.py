"""
Pure: changes that only a comparison shows, because PagerDuty reports no event for them or the event was lost.

A read shows the state, not when it changed or who changed it; if the log has exactly one entry for it, that entry
tells. A change found by two resyncs has the same id both times.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.model import event, event_types
from shared.model.event import Agent, Details, Event, Instant, Source, digest
from shared.model.ids import EventId, IncidentId
from shared.model.incident import Incident
from shared.model.timeline import Line, distance_ms, line_time, person
from shared.pagerduty.events.details import names, responder
from shared.pagerduty.models.incident import Asked, RestIncident
from shared.pagerduty.models.incident_parts import LogEntry, Note

FIELD, URGENCY = "field_value_change_log_entry", "urgency_change_log_entry"
CANCELLED = "user_cancelled"
"""The state of a responder who is not asked any more; nothing tells who changed that."""
REPLIES = frozenset({"joined", "declined", CANCELLED})
FIELDS = frozenset({FIELD, URGENCY})
OF_FIELDS = frozenset(
    {
        event_types.PRIORITY_UPDATED,
        event_types.SERVICE_UPDATED,
        event_types.INCIDENT_TYPE_CHANGED,
        event_types.TITLE_CHANGED,
    }
)
"""The changes that PagerDuty's log calls the change of a field."""


@dataclass(frozen=True)
class Aspect:
    """One thing about an incident: what lines of `type` came out with, and say under `name`; before them, `first`."""

    type: str
    name: str
    now: str
    shown: str
    first: str | None
    was: str = ""


def changed(known: Incident, read: RestIncident, log: Sequence[LogEntry]) -> tuple[Event, ...]:
    """Make events of what is not so any more as the lines of `known` have told it."""
    differing = []
    for aspect in _aspects(known, read):
        last = _last(known, aspect.type)
        if (last.detail if last else aspect.first) not in (None, aspect.now):
            differing.append((aspect, last))
    fields = [aspect for aspect, _ in differing if aspect.type in OF_FIELDS]
    return tuple(
        _change(known, read, aspect, last, _entry(known, aspect, log, len(fields))) for aspect, last in differing
    )


def annotated(
    incident: IncidentId, lines: Sequence[Line], notes: Sequence[Note], read: Instant, visible_ms: int
) -> tuple[Event, ...]:
    """
    Make events of notes that no line tells of, that say something else than their line, or that are gone.

    `read` is when the notes were read. Of notes from before `visible_ms` all that there are were among them.
    """
    told = {line.subject: line for line in lines if line.type == event_types.ANNOTATED and line.subject}
    there = {note.id for note in notes}
    new = [_annotated(incident, note) for note in notes if note.id not in told]
    edited = [
        _edited(incident, told[note.id], note.updated or note.created, note.content)
        for note in notes
        if note.id in told and _differs(told[note.id], lines, note)
    ]
    gone = [line for subject, line in told.items() if subject not in there and line.at.end < visible_ms]
    return (*new, *edited, *(_edited(incident, line, read, None) for line in gone))


def asked(incident: IncidentId, read: RestIncident) -> Iterator[Event]:
    """Make events of who was asked to help, and of what they answered, as far as the incident still shows it."""
    for one in read.asked:
        if one.at:
            yield _responder(incident, one, one.at, "pending")
        if one.since and one.state in REPLIES:
            yield _responder(incident, one, one.since, one.state)


def unheard(known: Incident, read: RestIncident, opens_ms: int) -> bool:
    """True if since `opens_ms` a responder was asked, or has answered, and no line says so."""
    told = {(line.type, line.detail) for line in known.lines}
    news = (one for one in asked(known.id, read) if one.at.end >= opens_ms)
    return not {(one.type, one.detail) for one in news} <= told


def _responder(incident: IncidentId, one: Asked, at: Instant, state: str) -> Event:
    """Make the event of a request, or of what the one who was asked replied."""
    requested = state == "pending"
    by = one.by if requested else None if state == CANCELLED else one.user
    return Event(
        id=EventId(f"asked:{one.user.id}@{at.ms}" if requested else f"replied:{one.user.id}:{state}@{at.ms}"),
        type=event_types.RESPONDER_ADDED if requested else event_types.RESPONDER_REPLIED,
        incident=incident,
        source=Source.LOG,
        at=at,
        agent=Agent(by.id, by.name) if by else None,
        detail=responder(one.user.id, state),
        # The words are those of the request; a reply's own are in its webhook only.
        details=(("responder", names([one.user])), ("state", state), ("message", one.message if requested else "")),
    )


def _aspects(known: Incident, read: RestIncident) -> Iterator[Aspect]:
    now, first = read.snapshot, known.first_seen
    if first is not None:
        yield Aspect(event_types.TITLE_CHANGED, "title", digest(now.title), now.title, digest(first.title), first.title)
        yield Aspect(event_types.URGENCY_CHANGED, "urgency", now.urgency, now.urgency, first.urgency, first.urgency)
        priority, service = (thing.id if thing else "" for thing in (now.priority, now.service))
        yield Aspect(event_types.PRIORITY_UPDATED, "priority", priority, names([now.priority]), first.priority)
        yield Aspect(event_types.SERVICE_UPDATED, "service", service, names([now.service]), first.service)
    if read.kind:
        kinds = (line.detail_value("type") for line in known.lines if line.type == event_types.TRIGGERED)
        yield Aspect(event_types.INCIDENT_TYPE_CHANGED, "type", read.kind, read.kind, next(filter(None, kinds), None))


def _last(known: Incident, kind: str) -> Line | None:
    return max((line for line in known.lines if line.type == kind), key=line_time, default=None)


def _change(known: Incident, read: RestIncident, aspect: Aspect, last: Line | None, entry: LogEntry | None) -> Event:
    at = entry.at if entry else read.updated or Instant(0)
    was = last.detail_value(aspect.name) if last else aspect.was
    said: Details = ((aspect.name, aspect.shown), *((("was", was),) if was else ()))
    return Event(
        id=EventId(f"read:{aspect.type}:{digest(aspect.now)}@{at.ms}"),
        type=aspect.type,
        incident=known.id,
        source=Source.LOG if entry else Source.READ,
        at=at,
        agent=entry.agent if entry else None,
        detail=aspect.now,
        details=said,
    )


def _entry(known: Incident, aspect: Aspect, log: Sequence[LogEntry], fields: int) -> LogEntry | None:
    """Find the entry of a change: the last that names it, else the only one that nothing else explains."""
    if aspect.type == event_types.URGENCY_CHANGED:
        return next((entry for entry in reversed(log) if entry.type == URGENCY), None)
    entries = [entry for entry in log if entry.type == FIELD]
    naming = [entry for entry in entries if any(aspect.name in change.name.lower() for change in entry.changes)]
    unexplained = [entry for entry in entries if not entry.changes and not _explained(entry, known)]
    if naming:
        return naming[-1]
    return unexplained[0] if (len(unexplained), fields) == (1, 1) else None


def _explained(entry: LogEntry, known: Incident) -> bool:
    return any(
        line.type in OF_FIELDS
        and distance_ms(line.at, entry.at) <= event.SECOND
        and person(line.agent) == person(entry.agent)
        for line in known.lines
    )


def _annotated(incident: IncidentId, note: Note) -> Event:
    return Event(
        id=EventId(f"note:{note.id}"),
        type=event_types.ANNOTATED,
        incident=incident,
        source=Source.LOG,
        at=note.created,
        agent=Agent(note.user.id, note.user.name) if note.user else None,
        detail=digest(note.content),
        subject=note.id,
        details=(("text", note.content),),
    )


def _edited(incident: IncidentId, told: Line, at: Instant, text: str | None) -> Event:
    """Make the event of an announced note that reads otherwise now, or is gone (None)."""
    subject = f"{told.subject}@{'deleted' if text is None else at.ms}"
    says = ("state", "deleted") if text is None else ("text", text)
    author = told.agent.name if told.agent else ""
    return Event(
        id=EventId(f"note:{subject}"),
        type=event_types.NOTE_EDITED,
        incident=incident,
        source=Source.READ,
        at=at,
        detail="" if text is None else digest(text),
        subject=subject,
        details=(says, ("author", author), ("written", str(told.at.ms))),
    )


def _differs(told: Line, lines: Sequence[Line], note: Note) -> bool:
    """True if a note's content differs from the last announced one."""
    edits = [line for line in lines if line.type == event_types.NOTE_EDITED and line.subject.startswith(f"{note.id}@")]
    last = max([told, *edits], key=line_time)
    return note.updated is not None and last.detail != digest(note.content)
