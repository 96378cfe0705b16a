"""The consequences of an event: whether its incident needs a pass, for Slack or for its commands. Pure."""

from collections.abc import Collection
from dataclasses import replace

from shared.model.event import SECOND, Instant, Source
from shared.model.event_types import ACKNOWLEDGED, RESOLVED
from shared.model.ids import CommandId
from shared.model.incident import Incident
from shared.model.thread_layout import SIDE_OF, STATE_TYPES
from shared.model.timeline import Line, Recalled


def needs_pass(before: Incident, after: Incident) -> bool:
    """
    True if Slack may have to show something else, or PagerDuty has to be read.

    Not if the same has only come once more: names and links that another source spells differently, and a time that
    it knows to the millisecond, are shown with the next change.
    """
    return _told(before) != _told(after)


def _told(incident: Incident) -> tuple[object, ...]:
    """Return what messages are made of, without which reports it is known from, and what later ones are told by."""
    types, shown = {line.type for line in incident.lines}, incident.snapshot
    rest = replace(
        incident, snapshot=None, lines=(), as_of=None, rank="", seen_events=(), expectations=(), recalled=Recalled()
    )
    return (
        rest,
        (shown.facts, shown.url) if shown else None,
        [_line(line, types) for line in incident.lines],
        incident.as_of.ms // SECOND if incident.as_of else None,
        incident.needs_enrichment,
    )


def _line(line: Line, types: Collection[str]) -> tuple[object, ...]:
    """Return what a message is made of, posted or not: that a later report adds to the state is not told any more."""
    # With a line of such a type the time decides whether both share a message.
    near = any(
        (line.type == side and main in types) or (line.type == main and side in types)
        for side, (main, _) in SIDE_OF.items()
    )
    details = tuple(detail for detail in line.details if detail[0] not in STATE_TYPES)
    only_read = all(source is Source.READ for source, _ in line.slots)
    at = line.at if near else line.at.ms // SECOND
    return replace(line, at=Instant(0), slots=(), details=()), at, details, only_read


def concerns_commands(before: Incident, after: Incident) -> bool:
    """
    True if it may show how a command has ended, or that it ended otherwise than was told (`Incident.late_outcome`).

    That is: a call is under way or unclear, or a resolve that an acknowledge may have undone came to light, or it did.
    """
    unclear = not all(expected.is_settled for expected in before.expectations)
    acknowledged = any(expected.type == ACKNOWLEDGED for expected in after.expectations)
    resolved = any(line.type == RESOLVED for line in after.lines)
    return unclear or (acknowledged and resolved and _changes(before) != _changes(after))


def _changes(incident: Incident) -> tuple[tuple[str, CommandId | None, Instant], ...]:
    return tuple((line.type, line.command, line.at) for line in incident.transitions)
