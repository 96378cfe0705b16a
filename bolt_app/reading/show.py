"""`show`: one incident with what it takes to take it over: facts, first alert, what comes next, notes, log."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from bolt_app.replies import Reply
from bolt_app.saying import headline, names, saying
from bolt_app.seeing import Seeing
from bolt_app.slash import Wish
from bolt_app.typed import Typed
from bolt_app.which import Which, unknown
from bolt_app.wiring import Wiring
from shared.errors import CallError, Malformed
from shared.model.event import Instant
from shared.pagerduty.additions import Note
from shared.pagerduty.alerts import Alert
from shared.pagerduty.log_entries import LogEntry
from shared.pagerduty.rest import RestIncident
from shared.slack.text import clamp, date, escape

log = structlog.get_logger()

LAST_NOTES = 3
LAST_ENTRIES = 5
LINKS = 5
LONGEST = 300
"""Characters of what somebody or something wrote."""
NEXT = {
    "escalate": "Escalates",
    "unacknowledge": "Its acknowledgement ends",
    "resolve": "Resolves by itself",
    "urgency_change": "Changes its urgency",
}

T = TypeVar("T")


@dataclass(frozen=True)
class Whole:
    """An incident with what belongs to it; None for what could not be read."""

    incident: RestIncident
    alerts: tuple[Alert, ...] | None
    notes: tuple[Note, ...] | None
    log: tuple[LogEntry, ...] | None


class Show:
    """Reads one incident."""

    def __init__(self, wiring: Wiring, which: Which) -> None:
        self._wiring = wiring
        self._which = which
        self._seeing = Seeing(wiring)

    async def answer(self, wish: Wish, typed: Typed) -> Reply:
        """Show it. Raises what the reading raises, and `Declined` where only a linked person may see it."""
        target = await self._which.find(wish, typed)
        if isinstance(target, Reply):
            return target
        door = self._wiring.pagerduty
        read, alerts, notes, entries = await asyncio.gather(
            door.incident(target.incident),
            _tried(door.alerts(target.incident)),
            _tried(door.notes(target.incident)),
            _tried(door.log_entries(target.incident)),
        )
        if not await self._seeing.visible(read.value, typed.by, typed.channel):
            return unknown(wish, typed.command)
        return shown(Whole(read.value, alerts, notes.value if notes else None, entries))


def shown(whole: Whole) -> Reply:
    """Say all of it, the most urgent first."""
    return saying(_facts(whole.incident), _alert(whole), _notes(whole.notes), _log(whole.log))


def _facts(incident: RestIncident) -> str:
    now = incident.snapshot
    facts = [f"{escape(now.urgency).capitalize()} urgency"]
    facts += [escape(ref.name or ref.id) for ref in (now.priority, now.service, now.escalation_policy) if ref]
    lines = [headline(incident.id, now), " · ".join(facts)]
    lines.append(f"Assigned to {names([ref.name or ref.id for ref in now.assignees])}")
    if incident.acknowledgers:
        lines.append(f"Acknowledged by {names([ref.name or ref.id for ref in incident.acknowledgers])}")
    lines += [f"Opened {date(now.created_ms)}"] if now.created_ms else []
    lines += [f"{NEXT[action.type]} {date(action.at.ms)}" for action in incident.pending if action.type in NEXT]
    return "\n".join(lines)


def _alert(whole: Whole) -> str:
    """Say what monitoring reported first."""
    if whole.alerts is None:
        return "_Its alerts could not be read._"
    if not whole.alerts:
        return ""
    first, counted = whole.alerts[0], whole.incident.alerts
    count = counted.all if counted else len(whole.alerts)
    head = "*Alert*" if count == 1 else f"*First of {count} alerts*"
    facts = " · ".join(escape(fact) for fact in (first.summary, first.severity, first.source) if fact)
    # The addresses stand as text: they come from monitoring, and lead wherever it says.
    links = [f"{_cut(one.text)}: {escape(one.href)}" if one.text else escape(one.href) for one in first.links[:LINKS]]
    return "\n".join([f"{head}: {clamp(facts, LONGEST)}", *links])


def _notes(notes: Sequence[Note] | None) -> str:
    if notes is None:
        return "_Its notes could not be read._"
    last = sorted(notes, key=lambda note: note.created.ms)[-LAST_NOTES:]
    lines = [
        f"{escape(note.user.name or note.user.id) if note.user else 'Somebody'} {date(note.created.ms)}: "
        f"{_cut(note.content)}"
        for note in last
    ]
    return "\n".join(["*Last notes*", *lines]) if lines else ""


def _log(entries: Sequence[LogEntry] | None) -> str:
    if entries is None:
        return "_Its log could not be read._"
    lines = [f"{_at(entry.at)}: {_cut(entry.summary)}" for entry in entries[-LAST_ENTRIES:]]
    return "\n".join(["*Last of its log*", *lines]) if lines else ""


def _cut(text: str) -> str:
    return clamp(escape(text), LONGEST)


def _at(instant: Instant) -> str:
    return date(instant.ms)


async def _tried(reading: Awaitable[T]) -> T | None:
    """Read what an answer can do without."""
    try:
        return await reading
    except (CallError, Malformed) as error:
        log.warning("incident.part_unread", why=str(error))
        return None
