"""
The lines of an incident's thread: every real transition once, however many sources report it.

The same change reaches us as a webhook (milliseconds), as PagerDuty's response to our own call and as a log entry
(whole seconds), each under another id. So a line has one slot per source: an observation takes the nearest line of its
type, agent and detail within a second whose slot for its source is free, else it opens a line of its own. Objects with
an id of their own, such as notes, go by that id alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

from shared.model.event import REOPENED, SECOND, TRIGGERED, Agent, Details, Event, Instant, Source
from shared.model.expectation import Expectation
from shared.model.ids import CommandId, EventId, LineKey

KEPT = 4000
"""Characters that are kept of anything said; no line shows as many."""

COMMAND = "command:"
"""How the key of a line begins that announces what a command did."""
REPEATED = "#"
"""Separates a key from its number, for lines that would have the same key."""

Slots = tuple[tuple[Source, EventId], ...]


@dataclass(frozen=True)
class Line:
    """
    One line of the thread.

    `command` is set if it was done from Slack. `key` names the line for ever: it is written into the message's
    metadata, by which a lost message is found again.
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

    def detail_value(self, name: str) -> str:
        """Look up one of the things said, empty when it was not."""
        return dict(self.details).get(name, "")

    def has_slot(self, source: Source) -> bool:
        """True if `source` has already reported this line."""
        return any(held is source for held, _ in self.slots)


def record(lines: tuple[Line, ...], event: Event, echo: Expectation | None) -> tuple[Line, ...]:
    """
    Give `event` its slot on one of `lines`, or a line of its own. Lines stay in the order of their time.

    `echo` is the expectation of the command that caused the event, None for an outside act.
    """
    home = _line_of(lines, event, echo)
    if home is None:
        return _ordered((*lines, _open_line(lines, event, echo)))
    slots = home.slots if home.has_slot(event.source) else (*home.slots, (event.source, event.id))
    told = replace(
        home,
        slots=slots,
        at=_more_precise(home.at, event.at),
        agent=same_or_unknown(home.agent, event.agent),
        subject=home.subject or event.subject,
        command=home.command or (event.command if event.type == TRIGGERED else None),
        details=_join(home.details, event.details),
    )
    return _ordered(tuple(told if line.key == home.key else line for line in lines))


def line_of(lines: tuple[Line, ...], command: CommandId) -> Line | None:
    """Find the line that announces what `command` did; a reopening is but a side of it."""
    return next((line for line in lines if line.command == command and line.type != REOPENED), None)


def command_key(echo: Expectation, event: Event) -> LineKey:
    """Name the line that announces what a command did; a side event of it has a line of its own."""
    return LineKey(f"{COMMAND}{echo.command}" + ("" if event.type == echo.type else f":{event.type}"))


def _line_of(lines: tuple[Line, ...], event: Event, echo: Expectation | None) -> Line | None:
    known = next((line for line in lines if event.subject and _subject(line) == (event.type, event.subject)), None)
    if known is not None:
        return known
    if echo is not None:
        return _own_line(lines, event, echo) or (
            _same_moment(lines, event) if event.source is Source.ANSWER else _joinable_line(lines, event, echo)
        )
    return _nearest([line for line in lines if _may_be_same(line, event)], event)


def _own_line(lines: tuple[Line, ...], event: Event, echo: Expectation) -> Line | None:
    """
    Return the line of the command that caused `event`.

    There are two if an act of the same person was taken for the result of a call that changed nothing, and the call was
    repeated. A response opens no second one: it only shows that the incident was in that state at that moment.
    """
    key = command_key(echo, event)
    own = [line for line in lines if line.key == key or line.key.startswith(f"{key}{REPEATED}")]
    if event.source is not Source.ANSWER:
        own = [line for line in own if not line.has_slot(event.source) and distance_ms(line.at, event.at) <= SECOND]
    return _nearest(own, event)


def _nearest(lines: Iterable[Line], event: Event) -> Line | None:
    return min(lines, key=lambda line: (abs(line.at.ms - event.at.ms), line.key), default=None)


def _same_moment(lines: Iterable[Line], event: Event) -> Line | None:
    """
    Find the outside act that an answer may be speaking of.

    A `PUT` that changed nothing also answers 200, with the state that the same person reached in PagerDuty's own
    interface a moment ago. So an answer never announces anything beside a like line of the same second; nor of the
    next one, for PagerDuty takes the time that it cuts to seconds a moment before that of the webhook.
    """
    like = (line for line in lines if _may_be_same(line, event) and event.at.ms <= line.at.end)
    return next(like, None)


def is_logged_outside(lines: tuple[Line, ...], event: Event, echo: Expectation) -> bool:
    """
    True if a log entry reports an outside act that has a line, and not the echo that it matches.

    The window of a call that may land late is wide, and everything that was done is in the log.
    """
    home = _same_moment([line for line in lines if line.command is None], event)
    return event.source is Source.LOG and home is not None and not set(echo.matched) & set(home.slots)


def is_announced(lines: tuple[Line, ...], event: Event) -> bool:
    """True if there is a line of an outside act that `event` may report again."""
    return any(line.command is None and _may_be_same(line, event) for line in lines)


def _joinable_line(lines: tuple[Line, ...], event: Event, echo: Expectation) -> Line | None:
    """Return the outside act that the response to this command reported, so that later reports join it."""
    held = set(echo.matched)
    return next((line for line in lines if held & set(line.slots) and _may_be_same(line, event)), None)


def _may_be_same(line: Line, event: Event) -> bool:
    if line.subject and event.subject:
        return False
    same = (line.type, line.detail, person(line.agent)) == (event.type, event.outcome_detail, person(event.agent))
    return same and not line.has_slot(event.source) and distance_ms(line.at, event.at) <= SECOND


def merge_lines(known: tuple[Line, ...], found: tuple[Line, ...]) -> tuple[Line, ...]:
    """
    Join the lines that events have opened with those that were `found` again in Slack.

    A line that tells of the same change as a message keeps the message's key: that is its name for ever.
    """
    for opened in known:
        home = _found_again(found, opened)
        if home is None:
            found = (*found, opened)
        else:
            found = tuple(_merge_pair(line, opened) if line.key == home.key else line for line in found)
    return _ordered(found)


def _found_again(found: tuple[Line, ...], opened: Line) -> Line | None:
    same = (line for line in found if line.key == opened.key or set(line.slots) & set(opened.slots))
    about = (line for line in found if opened.subject and _subject(line) == _subject(opened))
    alike = (line for line in found if _is_same_kind(line, opened))
    return next(chain(same, about, alike), None)


def _is_same_kind(line: Line, other: Line) -> bool:
    if (line.subject and other.subject) or distance_ms(line.at, other.at) > SECOND:
        return False
    same = (line.type, line.detail, person(line.agent)) == (other.type, other.detail, person(other.agent))
    return same and not {source for source, _ in line.slots} & {source for source, _ in other.slots}


def _merge_pair(found: Line, opened: Line) -> Line:
    return replace(
        found,
        slots=(*found.slots, *(slot for slot in opened.slots if slot not in found.slots)),
        at=_more_precise(found.at, opened.at),
        agent=same_or_unknown(found.agent, opened.agent),
        command=found.command or opened.command,
        subject=found.subject or opened.subject,
        details=_join(found.details, opened.details),
    )


def distance_ms(one: Instant, other: Instant) -> int:
    """Milliseconds between two instants; 0 when they may be the same."""
    return max(0, one.ms - other.ms - other.span_ms + 1, other.ms - one.ms - one.span_ms + 1)


def _open_line(lines: tuple[Line, ...], event: Event, echo: Expectation | None) -> Line:
    command = echo.command if echo else event.command
    return Line(
        _fresh_key(lines, command_key(echo, event) if echo else f"{event.type}@{event.at.ms}"),
        event.type,
        event.at,
        event.agent,
        ((event.source, event.id),),
        command,
        event.outcome_detail,
        event.subject,
        _join((), event.details),
    )


def _fresh_key(lines: tuple[Line, ...], stem: str) -> LineKey:
    taken = {line.key for line in lines}
    candidates = (LineKey(stem if n == 0 else f"{stem}{REPEATED}{n}") for n in range(len(lines) + 1))
    return next(key for key in candidates if key not in taken)


def _more_precise(one: Instant, other: Instant) -> Instant:
    return min(one, other, key=lambda instant: (instant.span_ms, instant.ms))


def line_time(line: Line) -> tuple[int, str, str, str, str]:
    """
    Order lines by their time; of one time by what they tell, because keys depend on which event came first.

    One whose second alone is known, because our own call's answer told it, counts as the end of that second: it came
    after what its clicker saw.
    """
    return line.at.end, line.type, line.detail, line.subject, line.key


def _ordered(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=line_time))


def _join(one: Details, other: Details) -> Details:
    """Join what two sources said: of two texts the longer, because webhooks cut them, whichever came first."""
    said = dict(one)
    for name, text in other:
        said[name] = max(said.get(name, ""), text[:KEPT], key=lambda told: (len(told), told))
    return tuple(sorted(said.items()))


def _subject(line: Line) -> tuple[str, str]:
    return line.type, line.subject


def same_or_unknown(one: Agent | None, other: Agent | None) -> Agent | None:
    """Choose between two accounts of who did something: a line found again in Slack knows an id and no name."""
    return one if one is not None and (one.name or other is None) else other or one


def person(agent: Agent | None) -> str | None:
    """
    Return the id of the person who acted, None if it was not a person.

    What PagerDuty does by itself has no agent in a webhook, and the service in the log.
    """
    return agent.id if agent and agent.is_user else None
