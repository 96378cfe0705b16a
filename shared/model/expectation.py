"""
Expectations: the events that our own writes will cause, by which an echo is told from another person's act.

A webhook carries nothing that says "made by the bridge", so before each call the bridge records what it is about to
cause. An event matches an expectation if type, agent and detail agree and its time, on PagerDuty's clock, lies in the
window. Each source may match an expectation once; a second match is an outside act.
"""

from dataclasses import dataclass, replace

from shared.model.event import ACKNOWLEDGED, REOPENED, SECOND, Event, Instant, Source
from shared.model.ids import CommandId, EventId, UserId

KEPT = 72 * 3600 * SECOND
"""Milliseconds that an expectation is remembered: PagerDuty retries a delivery for 48 hours."""


@dataclass(frozen=True)
class Expectation:
    """
    The event that a command is about to cause.

    `detail` is the expected detail, None if unknown beforehand. `subject` is the id of the note or status update, once
    PagerDuty's response has given it; from then on it alone decides. `opens_ms` and `closes_ms` bound the window on
    PagerDuty's clock; `closes_ms` is None while the outcome of the call is unknown. `read_ms` is when the incident was
    last read before the write. `noted_ms` is the store's time, for expiry.
    """

    command: CommandId
    type: str
    agent: UserId
    detail: str | None
    read_ms: int
    opens_ms: int
    noted_ms: int
    closes_ms: int | None = None
    subject: str = ""
    matched: tuple[tuple[Source, EventId], ...] = ()

    def narrowed(self, at: Instant) -> "Expectation":
        """Close the window around the time that PagerDuty gives for the change, and one second more."""
        return replace(self, opens_ms=at.ms - SECOND, closes_ms=at.ms + at.span_ms + SECOND)

    def matches(self, event: Event) -> bool:
        """True if this command can have caused `event`."""
        if event.command is not None:
            return event.command == self.command
        if event.type != self.type:
            return False
        if self.subject:
            return event.subject == self.subject
        free = all(source is not event.source for source, _ in self.matched)
        return free and self._covers(event) and self.detail in (None, event.outcome_detail)

    def reopened_by(self, event: Event) -> bool:
        """
        True if `event` can be the reopening that a late acknowledge caused besides the acknowledge itself.

        It comes after the read that found the incident open, however far back the window of the acknowledge goes.
        """
        acknowledge = self.type == ACKNOWLEDGED and event.type == REOPENED
        return acknowledge and event.at.ms + event.at.span_ms > self.read_ms and self._covers(event)

    def _covers(self, event: Event) -> bool:
        """True if the person who clicked caused `event`, at a time in the window."""
        ours = event.agent is not None and event.agent.id == self.agent
        after = event.at.ms + event.at.span_ms > self.opens_ms
        return ours and after and (self.closes_ms is None or event.at.ms < self.closes_ms)
