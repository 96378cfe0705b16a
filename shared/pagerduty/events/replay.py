"""
Pure: finds what is missing from a projection, and folds in everything PagerDuty shows.

The log and the notes go through the same fold as webhooks, so what was announced before joins its line, and only what
is missing opens one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.model.event import Event, Instant, digest
from shared.model.event_types import ANNOTATED, NOTE_EDITED, TITLE_CHANGED, TRANSITIONS, URGENCY_CHANGED, Status
from shared.model.incident import Incident, fold, is_behind, settle
from shared.model.timeline import Line, line_time
from shared.pagerduty.events.from_diff import FIELDS, annotated, asked, changed, unheard
from shared.pagerduty.events.from_log import logged
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import LogEntry, Note

NOTE = "annotate_log_entry"
SILENT = frozenset({TITLE_CHANGED, URGENCY_CHANGED, NOTE_EDITED})
"""Changes that no other source reports: there is nothing to wait for."""


@dataclass(frozen=True)
class Shown:
    """
    All that PagerDuty shows of one incident at `date`: the incident itself, its whole log, its notes.

    Without `all_notes` some could not be read.
    """

    incident: RestIncident
    date: Instant
    log: tuple[LogEntry, ...]
    notes: tuple[Note, ...]
    all_notes: bool = True


@dataclass(frozen=True)
class Window:
    """New entries, in ms of PagerDuty's clock: from `opens`; from `closes` on a webhook may be on its way."""

    opens: int
    closes: int


@dataclass(frozen=True)
class Repaired:
    """A projection with what it lacked: new `lines`, whether the `state` was wrong, and if more may come (`young`)."""

    incident: Incident
    lines: tuple[Line, ...] = ()
    state: bool = False
    young: bool = False


def repaired(known: Incident, shown: Shown, window: Window, now_ms: int) -> Repaired:
    """Return the projection with what PagerDuty shows folded in. `now_ms` is the store's time."""
    after, young = _folded(known, events(known, shown, window), window, now_ms)
    settled = _settled(after, shown)
    had = {line.key for line in known.lines}
    opened = tuple(line for line in settled.lines if line.key not in had)
    updated = shown.incident.updated
    old = updated is not None and updated.ms < window.closes
    differs = known.snapshot is None or known.snapshot.facts != shown.incident.snapshot.facts
    return Repaired(settled, opened, state=differs and old, young=young or (differs and not old))


def noticed(known: Incident, entries: Sequence[LogEntry], now_ms: int) -> Repaired:
    """Fill the slots of some log entries. One that opens a line only means that more must be read."""
    after = known
    for event in logged(known.id, entries, state_before(known, entries)):
        after = fold(after, event, now_ms).incident
    had = {line.key for line in known.lines}
    return Repaired(after, tuple(line for line in after.lines if line.key not in had))


def suspicious(known: Incident, listed: RestIncident | None, entries: Sequence[LogEntry], opens_ms: int = 0) -> bool:
    """
    True if something may be missing, going by the list of incidents and the latest entries alone.

    `listed` is None if the list does not have it: what counts as open here is no longer open, or was not found. What
    happened before `opens_ms` counts as announced.
    """
    if listed is None:
        return (
            not _noted(known, entries)
            or known.status is not Status.RESOLVED
            or any(entry.type in FIELDS for entry in entries)
        )
    stale = listed.updated is not None and is_behind(known, listed.updated)
    differs = known.snapshot is None or known.snapshot.facts != listed.snapshot.facts
    missing = (
        known.needs_read
        or bool(changed(known, listed, ()))
        or unheard(known, listed, opens_ms)
        or not _noted(known, entries)
    )
    return missing or (differs and not stale)


def _noted(known: Incident, entries: Sequence[LogEntry]) -> bool:
    """True if there is a line for every note in the log, which names none of them."""
    told = {line.detail for line in known.lines if line.type in {ANNOTATED, NOTE_EDITED}}
    return all(digest(entry.note) in told for entry in entries if entry.type == NOTE)


def events(known: Incident, shown: Shown, window: Window) -> tuple[Event, ...]:
    """Make events of all that PagerDuty shows, the oldest first. A read that lags behind shows no changes."""
    incident = shown.incident
    current = _settled(known, shown) is not known
    found = (
        *logged(incident.id, shown.log, into=incident.merged_into, policy=incident.snapshot.escalation_policy),
        *annotated(incident.id, known.lines, shown.notes, shown.date, window.closes if shown.all_notes else 0),
        *(changed(known, incident, shown.log) if current else ()),
        *asked(incident.id, incident),
    )
    return tuple(sorted(found, key=lambda event: event.at.ms))


def state_before(known: Incident, entries: Sequence[LogEntry]) -> Status | None:
    """Find the state that the lines tell of before the first of `entries`; None when they tell of none."""
    before = [line for line in known.transitions if entries and line.at.surely_before(entries[0].at)]
    last = max(before, key=line_time, default=None)
    return TRANSITIONS[last.type] if last else None


def _folded(known: Incident, found: Sequence[Event], window: Window, now_ms: int) -> tuple[Incident, bool]:
    young = False
    for event in found:
        after = fold(known, event, now_ms).incident
        news = len(after.lines) > len(known.lines)
        if news and event.at.end >= window.closes and event.type not in SILENT:
            young = True
        elif not news or event.at.end >= window.opens:
            known = after
    return known, young


def _settled(known: Incident, shown: Shown) -> Incident:
    read = shown.incident
    if read.updated is None:
        return known
    settled = settle(known.overruled_by(read.snapshot, shown.date.end), read.snapshot, read.updated)
    return settled if settled is known else replace(settled, status_change=read.status_change)
