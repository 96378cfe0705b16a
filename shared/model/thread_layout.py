"""
The layout of the thread: which lines share a message, what came before, what is omitted, what is broadcast.

One act that PagerDuty reports as several events reads as one message: the main line includes the others, its sides. All
of it follows from the lines, in any order of their events, and from which of them have a message already: what
was posted alone stays alone and is not repeated. A changed incident needs a pass where its messages may differ.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from shared.model import event_types
from shared.model.event import SECOND, Details, Instant, Source, joined_ids
from shared.model.event_types import TRANSITIONS
from shared.model.ids import LineKey
from shared.model.incident import Incident
from shared.model.timeline import Line, Recalled, distance_ms, line_time

Verbosity = Literal["all", "changes", "state"]
"""Which lines a thread has: all; all but what automation does; or what changes the state, and escalations."""
BroadcastKind = Literal["escalated", "reopened"]
"""The kinds of lines that may be broadcast to the channel. An acknowledgement timeout counts as an escalation."""

MOST = 40
"""Messages that may wait for a thread; it takes less than a minute to post them, at one a second."""
SUMMED = "pagebridge.summed"
"""The type of a line that counts changes which are not told one by one; no event has it."""
RESOLUTION_NOTE = "Resolution Note:"
"""How PagerDuty begins the note that it makes of a resolution; seen in real deliveries."""

STATE_TYPES = frozenset({"assigned", "priority", "service", "policy", "type", "urgency", "title", "number", "url"})
"""Line details that describe the state after the line, from which a later line takes the state before it."""
BEFORE_WAKE = ("asleep", "yes")
"""The state before a snooze ended."""
SIDE_OF = {
    event_types.ANNOTATED: (event_types.RESOLVED, SECOND),
    event_types.REASSIGNED: (event_types.ACKNOWLEDGED, SECOND),
    event_types.RESPONDER_ADDED: (event_types.RESPONDER_ADDED, 2 * SECOND),
}
"""By the type of a side: the type of its main line, and the milliseconds that may lie between the two."""
SIDES = frozenset({*SIDE_OF, event_types.CONFIRMED})
"""The types of lines that may be sides; that a person is still on it belongs to the question, however long ago."""


def has_backlog(lines: Collection[Line]) -> bool:
    """True if something may have to be counted, or what is counted is not told for good (`shared.model.backlog`)."""
    untold = [line for line in lines if not line.told]
    return len(untold) > MOST or any(line.type == SUMMED for line in untold)


@dataclass(frozen=True)
class ThreadEntry:
    """
    One message of the thread: a line, its sides, and the state of the incident before it.

    `late` is true if the status has changed since, so that what follows from the line is no longer so; a question to
    the thread is late once a person has done anything.
    """

    line: Line
    sides: tuple[Line, ...] = ()
    before: Details = ()
    late: bool = False

    @property
    def is_edited(self) -> bool:
        """True if its message may come to say more than when it was posted."""
        return bool(self.sides) or self.line.type in {SUMMED, event_types.REMINDED}


def layout_thread(lines: tuple[Line, ...], posted: Collection[LineKey] = ()) -> tuple[ThreadEntry, ...]:
    """
    Return the thread's messages in the order of time: every line once, in its own message or in its main line's.

    `lines` are those of an incident, in their order. `posted` names those that have a message, or may have one. What is
    told for good has no part in it any more.
    """
    untold = tuple(line for line in lines if not line.told)
    mains = {line.key: _main_line(line, untold) for line in untold if line.type in SIDES and line.key not in posted}
    sides: dict[LineKey, list[Line]] = defaultdict(list)
    for line in untold:
        root = line
        while (main := mains.get(root.key)) is not None:  # the rules have no circle
            root = main
        sides[root.key].append(line)
    entries = []
    changed = max((line_time(line) for line in lines if line.type in TRANSITIONS), default=None)
    acted = max((line_time(line) for line in lines if line.type in TRANSITIONS or line.by_person), default=None)
    state: dict[str, str] = {}
    for line in lines:
        said = {name: text for name, text in line.details if name in STATE_TYPES}
        if line.key in sides:
            before = [(name, state[name]) for name in said if name in state]
            asleep = [BEFORE_WAKE] if timed_out(line) and was_snoozed(lines, line) else []
            others = tuple(side for side in sides[line.key] if side != line)
            since = acted if line.type == event_types.REMINDED else changed
            late = since is not None and line_time(line) < since
            entries.append(ThreadEntry(line, others, (*before, *asleep), late))
        state |= said
    return tuple(entries)


def is_wanted(line: Line, verbosity: Verbosity) -> bool:
    """True if a thread of that verbosity has a message for `line`; that it was opened is told by its card."""
    if line.type == event_types.TRIGGERED:
        return False
    match verbosity:
        case "all":
            return True
        case "changes":
            return line.type not in event_types.AUTOMATION
        case "state":
            told = {event_types.ESCALATED, event_types.REMINDED, event_types.CHANNEL_FAILED, SUMMED}
            return line.type in TRANSITIONS or line.type in told


def broadcast_kind(entry: ThreadEntry) -> BroadcastKind | None:
    """Name what the whole channel may be told of, if the entry is that; a late one would alarm it for nothing."""
    line = entry.line
    if entry.late:
        return None
    if line.type == event_types.ESCALATED or timed_out(line):
        return "escalated"
    return "reopened" if line.type == event_types.REOPENED else None


def timed_out(line: Line) -> bool:
    """True if PagerDuty's acknowledgement timeout fired."""
    return line.type == event_types.UNACKNOWLEDGED and line.agent is None


def was_snoozed(lines: Collection[Line], line: Line) -> bool:
    """True if the last change before `line` was a snooze, which is an acknowledgement with a chosen length."""
    earlier = (
        one
        for one in lines
        if line_time(one) < line_time(line) and (one.type == event_types.SNOOZED or one.type in TRANSITIONS)
    )
    last = max(earlier, key=line_time, default=None)
    return last is not None and last.type == event_types.SNOOZED


def present_snooze(lines: Collection[Line]) -> Line | None:
    """Return the snooze after which the state has not changed, None if there is none; only acknowledged ones sleep."""
    last = max((line for line in lines if line.type in TRANSITIONS), key=line_time, default=None)
    # PagerDuty's log knows of a snooze only the second.
    since_ms = last.at.ms if last else 0
    snoozes = (line for line in lines if line.type == event_types.SNOOZED and line.at.end >= since_ms)
    return max(snoozes, key=line_time, default=None)


def awaits_resolve(line: Line, lines: tuple[Line, ...]) -> bool:
    """True for a resolution note whose resolve is not known yet: told alone, it would stay alone."""
    written = line.type == event_types.ANNOTATED and line.agent is not None
    note = written and line.detail_value("text").startswith(RESOLUTION_NOTE)
    return note and not any(
        other.type == event_types.RESOLVED and other.at.end >= line.at.ms - SECOND for other in lines
    )


def _main_line(side: Line, lines: tuple[Line, ...]) -> Line | None:
    """
    Find the line of the same agent that tells of `side`: the nearest, or the first one asked in the same words.

    That a person is still on it belongs to the question that it answers. Of notes and new assignments only a resolution
    note and a self-assignment are sides. One without an agent is none, but for a request for help: a workflow asks
    several people at once.
    """
    if side.type == event_types.CONFIRMED:
        asked = [line for line in lines if line.type == event_types.REMINDED and line_time(line) < line_time(side)]
        return max(asked, key=line_time, default=None)
    agent = side.agent.id if side.agent else None
    if agent is None and side.type != event_types.RESPONDER_ADDED:
        return None
    if side.type == event_types.ANNOTATED and not side.detail_value("text").startswith(RESOLUTION_NOTE):
        return None
    if side.type == event_types.REASSIGNED and side.detail != joined_ids([str(agent)]):
        return None
    kind, within = SIDE_OF[side.type]
    near = [
        line
        for line in lines
        if line.type == kind
        and (line.agent.id if line.agent else None) == agent
        and distance_ms(line.at, side.at) <= within
    ]
    if side.type == kind:
        said = side.detail_value("message")
        near = [line for line in near if line_time(line) < line_time(side) and line.detail_value("message") == said]
    return min(near, key=lambda line: (distance_ms(line.at, side.at), line_time(line)), default=None)


def needs_pass(before: Incident, after: Incident) -> bool:
    """
    True if Slack may have to show something else, or PagerDuty has to be read.

    Not if the same has only come once more: names and links that another source spells differently, and a time that
    it knows to the millisecond, are shown with the next change. Of a line, posted or not, what a later report adds to
    the state is not told any more.
    """
    told = []
    for incident in (before, after):
        types, shown = {line.type for line in incident.lines}, incident.snapshot
        # With a line of the other type the time decides whether both share a message.
        timed = {each for side, (main, _) in SIDE_OF.items() if {side, main} <= types for each in (side, main)}
        lines = [
            (
                replace(line, at=Instant(0), slots=(), details=()),
                line.at if line.type in timed else line.at.ms // SECOND,
                [detail for detail in line.details if detail[0] not in STATE_TYPES],
                all(source is Source.READ for source, _ in line.slots),
            )
            for line in incident.lines
        ]
        # All but which reports it is known from, and what later ones are told by.
        rest = replace(
            incident, snapshot=None, lines=(), as_of=None, rank="", seen_events=(), expectations=(), recalled=Recalled()
        )
        facts = (shown.facts, shown.url) if shown else None
        as_of = incident.as_of.ms // SECOND if incident.as_of else None
        told.append((rest, facts, lines, as_of, incident.needs_enrichment))
    return told[0] != told[1]
