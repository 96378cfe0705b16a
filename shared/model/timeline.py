"""
The lines of an incident's thread: every real transition once, and which command of ours caused it. Pure.

The same change reaches us as a webhook (milliseconds), as PagerDuty's response to our own call and as a log entry
(whole seconds), each under another id. So a line has one slot per source: an observation takes the nearest line of its
type, agent and detail within a second whose slot for its source is free, else it opens a line of its own. Objects with
an id of their own, such as notes, go by that id alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from math import inf

from shared.model.command import Expectation
from shared.model.event import SECOND, Agent, Details, Event, Instant, Source
from shared.model.event_types import REOPENED, TRIGGERED
from shared.model.ids import CommandId, EventId, LineKey, MessageTs

KEPT = 4000
"""Characters that are kept of any text; no line shows as many."""

COMMAND = "command:"
"""How the key of a line begins that announces what a command did."""
REPEATED = "#"
"""Separates a key from its number, for lines that would have the same key."""

UNNAMED = ("merged", "")
"""The detail of a merge into an incident whose number is not known: webhooks do not have it."""

SECOND_BOUNDARY = 100
"""
Milliseconds between the time of a webhook and that of our call's response, of which only the second is known.

PagerDuty takes the latter first, so at the turn of a second the response seems to be from the one before.
"""

Expectations = tuple[Expectation, ...]
Slots = tuple[tuple[Source, EventId], ...]


@dataclass(frozen=True)
class Line:
    """
    One line of the thread, a `command`'s if done from Slack. `key` never changes: lost messages are found by it.

    One that is `told` for good, by `message` or without one, is never posted or edited again.
    """

    key: LineKey
    type: str
    at: Instant
    agent: Agent | None
    slots: Slots
    command: CommandId | None = None
    detail: str = ""
    subject: str = ""
    details: Details = ()
    told: bool = False
    message: MessageTs | None = None

    @property
    def by_person(self) -> bool:
        """True if a person did it."""
        return self.agent is not None and self.agent.is_user

    def detail_value(self, name: str) -> str:
        """Return one of the details, empty if it is not known."""
        return dict(self.details).get(name, "")


@dataclass(frozen=True)
class Recalled:
    """The lines and ids of events that were moved out of a projection, and are part of it while one rule is applied."""

    lines: tuple[Line, ...] = ()
    ids: frozenset[EventId] = frozenset()


def record(lines: tuple[Line, ...], event: Event, echo: Expectation | None) -> tuple[Line, ...]:
    """Give `event` its slot on a line, or its own line, in order of time. `echo`: its command's expectation, if any."""
    told = Line(
        LineKey(""),
        event.type,
        event.at,
        event.agent,
        ((event.source, event.id),),
        echo.command if echo else event.command,
        event.detail,
        event.subject,
        _join((), event.details),
    )
    home = _reported_line(lines, event, echo)
    if home is None:
        stem = command_key(echo, event) if echo else own_line_key(event)
        taken = {line.key for line in lines}
        keys = (LineKey(f"{stem}{REPEATED}{n}" if n else stem) for n in range(len(lines) + 1))
        opened = replace(told, key=next(key for key in keys if key not in taken))
        return tuple(sorted((*lines, opened), key=line_time))
    slots = home.slots if event.source in dict(home.slots) else (*home.slots, *told.slots)
    command = home.command or (event.command if event.type == TRIGGERED else None)
    reported = replace(_merged(home, told), slots=slots, command=command)
    return tuple(sorted((reported if line.key == home.key else line for line in lines), key=line_time))


def line_of(lines: tuple[Line, ...], command: CommandId) -> Line | None:
    """Return the line that announces what `command` did, not its side event, a reopening by an acknowledge."""
    own = (line for line in lines if line.command == command)
    return next((line for line in own if line.type != REOPENED or line.key.partition(":")[2] == command), None)


def command_key(echo: Expectation, event: Event) -> LineKey:
    """Return the key of the line that announces what a command did; a side event has a line of its own."""
    return LineKey(f"{COMMAND}{echo.command}" + ("" if event.type == echo.type else f":{event.type}"))


def own_line_key(event: Event) -> LineKey:
    """Return the key of the first line that an event of that type and time opens."""
    return LineKey(f"{event.type}@{event.at.ms}")


def _reported_line(lines: tuple[Line, ...], event: Event, echo: Expectation | None) -> Line | None:
    """Return the line that `event` reports again, the nearest of several, None if it has to open one."""
    for line in lines:
        if event.subject and (line.type, line.subject) == (event.type, event.subject):
            return line
    if echo is None:
        found = [line for line in lines if _may_be_same(line, event)]
    else:
        # There are two lines of a command if an act of the same person was taken for the result of a call that changed
        # nothing, and the call was repeated. A response opens no second one: it only shows the state at that moment.
        key, answer = command_key(echo, event), event.source is Source.ANSWER
        own = [line for line in lines if line.key == key or line.key.startswith(f"{key}{REPEATED}")]
        free = (
            line for line in own if event.source not in dict(line.slots) and distance_ms(line.at, event.at) <= SECOND
        )
        found = own if answer else list(free)
        if not found and answer:
            return _same_moment(lines, event)
        if not found:
            # The outside act that the response to this command reported: later reports join it.
            held = set(echo.matched)
            return next((line for line in lines if held & set(line.slots) and _may_be_same(line, event)), None)
    return min(found, key=lambda line: (abs(line.at.ms - event.at.ms), line.key), default=None)


def _same_moment(lines: Iterable[Line], event: Event) -> Line | None:
    """
    Return the outside act that the response to a command may report.

    A `PUT` that changed nothing also answers 200, with the state that the same person reached in PagerDuty's own
    interface a moment ago. So a response announces nothing beside a like line of the same second; nor of the next one,
    because PagerDuty takes the time that it cuts to seconds a moment before that of the webhook.
    """
    return next((line for line in lines if _may_be_same(line, event) and event.at.ms <= line.at.end), None)


def _may_be_same(line: Line, event: Event) -> bool:
    if line.subject and event.subject:
        return False
    same = (line.type, line.detail) == (event.type, event.detail) and _may_be_one(line.agent, event.agent)
    return same and event.source not in dict(line.slots) and distance_ms(line.at, event.at) <= SECOND


def echo_of(expectations: Expectations, lines: tuple[Line, ...], event: Event) -> Expectation | None:
    """
    Return the command that `event` is the echo of: of several the narrowest expectation, then the oldest.

    The window of a call that may land late is wide, and the log has every act: an entry that reports an outside act
    which has a line is not the echo.
    """
    fitting = [expectation for expectation in expectations if expectation.matches(event)]
    echo = min(fitting, key=lambda e: ((e.closes_ms or inf) - e.opens_ms, e.noted_ms), default=None)
    if echo is None or event.source is not Source.LOG:
        return echo
    outside = _same_moment((line for line in lines if line.command is None), event)
    return echo if outside is None or set(echo.matched) & set(outside.slots) else None


def main_line_of(expectations: Expectations, lines: tuple[Line, ...], event: Event) -> Expectation | None:
    """
    Return the command that `event` is a side event of; each source reports it once.

    A reopening comes right before its acknowledgement. One that does not, or that has a line, is another act.
    """
    side = next((expectation for expectation in expectations if expectation.reopened_by(event)), None)
    if side is None:
        return None
    key, own = command_key(side, event), line_of(lines, side.command)
    known = any(line.key == key and event.source in dict(line.slots) for line in lines)
    announced = any(line.command is None and _may_be_same(line, event) for line in lines)
    boundary = SECOND_BOUNDARY if own is not None and own.at.span_ms > 1 else 0
    alone = own is not None and (own.at.end + boundary < event.at.ms or distance_ms(own.at, event.at) > SECOND)
    return None if known or alone or announced else side


def merge_lines(known: tuple[Line, ...], found: tuple[Line, ...]) -> tuple[Line, ...]:
    """Join the lines that events opened with those `found` again in Slack, whose keys are in messages and stay."""
    for opened in known:
        same = (line for line in found if line.key == opened.key or set(line.slots) & set(opened.slots))
        subject = (
            line for line in found if opened.subject and (line.type, line.subject) == (opened.type, opened.subject)
        )
        alike = (line for line in found if _is_same_kind(line, opened))
        home = next(chain(same, subject, alike), None)
        if home is None:
            found = (*found, opened)
            continue
        slots = (*home.slots, *(slot for slot in opened.slots if slot not in home.slots))
        merged = replace(_merged(home, opened), slots=slots, command=home.command or opened.command)
        found = tuple(merged if line.key == home.key else line for line in found)
    return tuple(sorted(found, key=line_time))


def with_merge_target(lines: tuple[Line, ...], said: Details) -> tuple[Line, ...]:
    """Add what is `said` of the incident that this one was merged into to the last line that lacks its number."""
    unnamed = max((line for line in lines if UNNAMED in line.details), key=line_time, default=None)
    return tuple(replace(line, details=_join(line.details, said)) if line is unnamed else line for line in lines)


def _merged(home: Line, other: Line) -> Line:
    """Join what two reports of one change tell, of its time the more precise. Slots and command are the caller's."""
    agent = home.agent
    if agent is None or (not (agent.id and agent.name) and other.agent is not None and other.agent.id):
        # A line found again in Slack has an id and no name.
        agent = other.agent
    return replace(
        home,
        at=min(home.at, other.at, key=lambda instant: (instant.span_ms, instant.ms)),
        agent=agent,
        subject=home.subject or other.subject,
        details=_join(home.details, other.details),
    )


def _is_same_kind(line: Line, other: Line) -> bool:
    if (line.subject and other.subject) or distance_ms(line.at, other.at) > SECOND:
        return False
    same = (line.type, line.detail) == (other.type, other.detail) and _may_be_one(line.agent, other.agent)
    return same and not dict(line.slots).keys() & dict(other.slots).keys()


def distance_ms(one: Instant, other: Instant) -> int:
    """Milliseconds between two instants; 0 when they may be the same."""
    return max(0, one.ms - other.ms - other.span_ms + 1, other.ms - one.ms - one.span_ms + 1)


def line_time(line: Line) -> tuple[int, str, str, str, str]:
    """
    Return the sort key of a line: its time, then its content, because keys depend on which event came first.

    If only its second is known, from the response to our own call, the end of that second counts: it came after what
    its clicker saw.
    """
    return line.at.end, line.type, line.detail, line.subject, line.key


def _join(one: Details, other: Details) -> Details:
    """Join the details of two sources: of two texts the longer, because webhooks cut them."""
    said = dict(one)
    for name, text in other:
        said[name] = max(said.get(name, ""), text[:KEPT], key=lambda told: (len(told), told))
    return tuple(sorted(said.items()))


def _may_be_one(one: Agent | None, other: Agent | None) -> bool:
    """True if the same person may have acted: PagerDuty's log can name an agent without an id."""
    return person(one) == person(other) or any(agent is not None and not agent.id for agent in (one, other))


def person(agent: Agent | None) -> str | None:
    """Return the id of the person who acted, None if none did: the log names the service then, a webhook no one."""
    return agent.id if agent and agent.is_user else None
