"""
Which lines of a projection may be moved out of it, so that what an event costs does not grow with what came before.

A line that is told for good is needed again only by an event of about its time, by one that names it, and by what
compares the whole history with PagerDuty's. Those recall what was moved out (`recall`), so that every rule sees the
lines that it would see had none been moved; what it leaves as it was goes out again (`put_back`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf

from shared.model.backlog import is_final
from shared.model.event import SECOND, Event, Source
from shared.model.event_types import SNOOZED, TRANSITIONS, TRIGGERED
from shared.model.ids import EventId, LineKey, MessageTs
from shared.model.incident import Incident
from shared.model.slack_state import SlackState
from shared.model.thread_layout import STATE_TYPES, SUMMED, ThreadEntry
from shared.model.timeline import COMMAND, Line, Recalled, line_time, own_line_key

NEAR_MS = 3 * SECOND
"""Milliseconds between two lines from which on neither matters to the other: each window of the rules is shorter."""
SETTLED_MS = 5 * SECOND
"""Milliseconds by which a line that is moved out is older than the newest: what comes a little late finds it there."""
EDITED_MS = 120 * SECOND
"""The same for lines that share a message: it may be edited once more, by a call that comes late."""
KEPT = 8
"""The newest lines, and ids of events, that stay."""
BATCH = 8
"""How many lines, at least, are moved out together."""
MANY_LINES, MANY_IDS = KEPT + BATCH, KEPT + 3 * BATCH
"""Lines, and ids of events, with fewer of which a projection is not worth looking at."""

Told = Mapping[tuple[Line, ...], MessageTs | None]
"""Lines that are told for good, those that share a message together, and that message; None if there is none."""
Moved = tuple[Incident, tuple[Line, ...], tuple[EventId, ...]]
"""The rest of a projection, and the lines and ids of events that were moved out of it."""


def told_for_good(entries: Iterable[ThreadEntry], slack_state: SlackState) -> Told:
    """Return what is told for good of a thread whose first `entries` have all been told, or omitted."""
    found: dict[tuple[Line, ...], MessageTs | None] = {}
    every = list(entries)
    newest_ms = max((line.at.end for entry in every for line in (entry.line, *entry.sides)), default=0)
    for entry in every:
        state, lines = slack_state.lines.get(entry.line.key), (entry.line, *entry.sides)
        recent = max(line.at.end for line in lines) > newest_ms - EDITED_MS
        edited = not is_final(entry.line) or (entry.is_edited and recent)
        if not edited and (state is None or (state.replaces is None and not state.uncertain)):
            found[lines] = state.ts if state else None
    return found


def moved_out(incident: Incident, told: Told) -> Moved:
    """
    Return the projection without what may be moved out of it, and the lines and ids of events that it then lacks.

    Returns the projection as it is while that is not enough to be worth it.
    """
    if len(incident.lines) < MANY_LINES and len(incident.seen_events) < MANY_IDS:
        return incident, (), ()
    there = set(incident.lines)
    final = {
        line: message if line is group[0] else None
        for group, message in told.items()
        if there.issuperset(group)
        for line in group
    }
    lines = tuple(replace(line, told=True, message=final[line]) if line in final else line for line in incident.lines)
    gone = tuple(_movable(incident, lines))
    ids = tuple(event for event, _ in incident.seen_events[:-KEPT])
    if len(gone) < BATCH and len(ids) < 3 * BATCH:
        return incident, (), ()
    until_ms, keys = max((line.at.end for line in gone), default=0), {line.key for line in gone}
    left = replace(
        incident,
        lines=tuple(line for line in lines if line.key not in keys),
        seen_events=incident.seen_events[-KEPT:],
        moved_until_ms=max(incident.moved_until_ms or 0, until_ms),
    )
    return left, gone, ids


def crowded_out(incident: Incident) -> Moved:
    """
    Return the projection without what is told without a message of its own, of any time, and what it then lacks.

    An event that tells of the same is found by what it names, so that no event of that time needs all lines.
    """
    needed = {line.key for line in _context(incident.lines)}
    gone = tuple(
        line
        for line in incident.lines
        if line.told and line.message is None and line.command is None and line.key not in needed
    )
    if len(gone) < BATCH:
        return incident, (), ()
    left = replace(
        incident,
        lines=tuple(line for line in incident.lines if line not in gone),
        seen_events=incident.seen_events[-KEPT:],
        moved_until_ms=incident.moved_until_ms or 0,
    )
    return left, gone, tuple(event for event, _ in incident.seen_events[:-KEPT])


def recall(incident: Incident, lines: Iterable[Line], ids: Collection[EventId]) -> Incident:
    """
    Return the projection with what was moved out of it; a line that it has is newer than the one moved out.

    It may be recalled in steps: what was before is still known as moved out.
    """
    had = {line.key for line in incident.lines}
    back = tuple(line for line in lines if line.key not in had)
    every = tuple(sorted((*incident.lines, *back), key=line_time))
    before = incident.recalled
    return replace(incident, lines=every, recalled=Recalled((*before.lines, *back), before.ids.union(ids)))


def put_back(incident: Incident) -> Incident:
    """Return the projection without what was recalled and is as it was; what has changed stays."""
    known = set(incident.recalled.lines)
    return replace(incident, lines=tuple(line for line in incident.lines if line not in known), recalled=Recalled())


def concerns_moved(incident: Incident, event: Event) -> bool:
    """True if `event` is of a time of which lines were moved out."""
    return incident.moved_until_ms is not None and event.at.ms <= incident.moved_until_ms + NEAR_MS


def has_late_line(incident: Incident) -> bool:
    """True if a line is still to be told beside which, by its time, lines were moved out."""
    moved = incident.moved_until_ms
    return moved is not None and any(line.at.ms <= moved + NEAR_MS for line in _untold(incident.lines))


def names_of_event(event: Event) -> tuple[str, ...]:
    """Name what, if it was moved out, is concerned by `event` whenever it comes: first its id."""
    subject = [_subject(event.type, event.subject)] if event.subject else []
    command = [name_of_line(LineKey(f"{COMMAND}{event.command}"))] if event.command else []
    # An event of another source may tell of the same a second away, and a line of the same time has the same key.
    seconds = range(event.at.ms // SECOND - 1, event.at.end // SECOND + 2)
    near = (_near(event.source, event.type, second) for second in seconds)
    return (name_of_id(event.id), *subject, *command, name_of_line(own_line_key(event)), *near)


def names_of_line(line: Line) -> Iterator[str]:
    """Give the names, other than its key, by which a line that was moved out is found again."""
    yield from (name_of_id(event) for _, event in line.slots)
    if line.subject:
        yield _subject(line.type, line.subject)
    seconds = range(line.at.ms // SECOND, line.at.end // SECOND + 1)
    yield from (
        _near(source, line.type, second)
        for source in (Source.WEBHOOK, Source.ANSWER)
        if source not in dict(line.slots)
        for second in seconds
    )


def name_of_id(event: EventId) -> str:
    """Name an event that is folded."""
    return f"id:{event}"


def name_of_line(key: LineKey) -> str:
    """Name a line."""
    return f"line:{key}"


def _subject(kind: str, subject: str) -> str:
    return f"subject:{kind}:{subject}"


def _near(source: Source, kind: str, second: int) -> str:
    """Name what one source has not told of yet. Those that are not named here are compared with all lines."""
    return f"near:{source}:{kind}:{second}"


def _movable(incident: Incident, lines: tuple[Line, ...]) -> Iterator[Line]:
    needed = {line.key for line in (*lines[-KEPT:], *_context(lines))}
    awaited = {e.command for e in incident.expectations if Source.ANSWER not in dict(e.matched)}
    untold_ms = min((line.at.ms for line in _untold(lines)), default=inf)
    newest_ms = max((line.at.end for line in lines), default=0)
    before_ms = min(untold_ms - NEAR_MS, newest_ms - SETTLED_MS)
    for line in lines:
        if line.told and line.at.end < before_ms and line.key not in needed and line.command not in awaited:
            yield line


def _untold(lines: Iterable[Line]) -> Iterator[Line]:
    """Give the lines that are still to be told at their place in time, as one that counts others is not."""
    return (line for line in lines if not line.told and line.type != SUMMED)


def _context(lines: tuple[Line, ...]) -> Iterator[Line]:
    """Find the lines by which the present state, and what a later line tells, are understood."""
    yield from {line.type: line for line in lines}.values()
    yield from {name: line for line in lines for name, _ in line.details if name in STATE_TYPES}.values()
    states = [line for line in lines if line.type in TRANSITIONS or line.type == SNOOZED]
    last = max((at for at, line in enumerate(states) if line.type in TRANSITIONS), default=0)
    yield from states[max(0, last - 1) : last]
    yield from [line for line in lines if line.type == TRIGGERED and line.detail_value("type")][:1]
