"""Pure: which of our commands, if any, an event is the doing of, given what they expect and what is told already."""

from shared.model.event import SECOND, Event, Instant
from shared.model.expectation import Expectation, match, reopened_by_us
from shared.model.timeline import Line, command_key, distance_ms, is_announced, is_logged_outside, line_of

SECOND_BOUNDARY = 100
"""
Milliseconds that may lie between the time of a webhook and that of our call's answer, of which only the second is told.

PagerDuty takes the latter first, so at the turn of a second the answer seems to be from the one before.
"""

Expectations = tuple[Expectation, ...]
Lines = tuple[Line, ...]


def echo_of(expectations: Expectations, lines: Lines, event: Event) -> Expectation | None:
    """Find the command that `event` is the echo of."""
    echo = match(expectations, event)
    return None if echo is not None and is_logged_outside(lines, event, echo) else echo


def main_line_of(expectations: Expectations, lines: Lines, event: Event) -> Expectation | None:
    """
    Find the command that `event` is a side event of; each source can tell of it once.

    A reopening comes right before its acknowledge. One that does not, or that there is a line for, is another act.
    """
    side = reopened_by_us(expectations, event)
    if side is None:
        return None
    key, own = command_key(side, event), line_of(lines, side.command)
    told = any(line.key == key and line.has_slot(event.source) for line in lines)
    alone = own is not None and (_is_clearly_before(own.at, event.at) or distance_ms(own.at, event.at) > SECOND)
    return None if told or alone or is_announced(lines, event) else side


def command_of(expectations: Expectations, lines: Lines, event: Event) -> Expectation | None:
    """Return the command whose line the event joined, though it may have been another person's act."""
    owners = [line.command for line in lines if (event.source, event.id) in line.slots]
    return next((e for e in expectations if e.command in owners and e.matches(event)), None)


def _is_clearly_before(one: Instant, other: Instant) -> bool:
    return one.end + (SECOND_BOUNDARY if one.span_ms > 1 else 0) < other.ms
