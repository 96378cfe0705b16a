"""
The storm digest of a channel: when further incidents of low importance share one card, and when that ends. Pure.

Counted is how many incidents came to the channel within a minute, by the store's clock. The first are never delayed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.model.event import SECOND, Snapshot
from shared.model.event_types import Status
from shared.model.ids import IncidentId, MessageTs
from shared.model.message_state import MessageState

WINDOW_MS = 60 * SECOND
"""Milliseconds within which incidents are counted."""


@dataclass(frozen=True)
class DigestRule:
    """
    Allows `above` new incidents a minute cards of their own in a channel, of any importance.

    `priorities` are those of low importance, by id or name. Without any, and for an incident without a priority, low
    urgency is.
    """

    above: int
    priorities: frozenset[str] = frozenset()

    def is_low(self, snapshot: Snapshot) -> bool:
        """True if an incident may share a card."""
        priority = snapshot.priority
        if self.priorities and priority is not None:
            return not self.priorities.isdisjoint((priority.id, priority.name))
        return snapshot.urgency == "low"


@dataclass(frozen=True)
class Digest:
    """
    The state of a channel's digest. `id` is the channel's, which stands in the place of an incident's.

    `arrived` are the newest incidents, as many as decide, and when each came. `begun_ms` names the digest, 0 for none,
    and `loud_ms` is when there were too many the last time. One that has `ended` takes no more and waits to be closed.
    `message` is its card, last written at `shown_ms`. Where the channel refused that, none begins before
    `not_before_ms`. All times are the store's.
    """

    id: IncidentId
    arrived: dict[IncidentId, int] = field(default_factory=dict)
    begun_ms: int = 0
    loud_ms: int = 0
    has_ended: bool = False
    message: MessageState = field(default_factory=MessageState)
    shown_ms: int = 0
    not_before_ms: int = 0

    @property
    def is_on(self) -> bool:
        """True if incidents of low importance that come now share its card."""
        return self.begun_ms > 0 and not self.has_ended

    def with_arrival(self, incident: IncidentId, now_ms: int, above: int, *, low: bool) -> "Digest":
        """Count an incident, once; one of `low` importance that comes above the rate begins a digest."""
        if incident in self.arrived:
            return self
        # After the clock was set back, arrivals in its future must not count for hours.
        recent = {one: ms for one, ms in self.arrived.items() if abs(now_ms - ms) < WINDOW_MS}
        arrived = dict([*recent.items(), (incident, now_ms)][-above - 1 :])
        is_loud = len(arrived) > above
        begins = is_loud and low and not self.begun_ms and now_ms >= self.not_before_ms
        return replace(
            self,
            arrived=arrived,
            loud_ms=now_ms if is_loud else self.loud_ms,
            begun_ms=now_ms if begins else self.begun_ms,
        )

    def over_in(self, now_ms: int, quiet: float) -> float:
        """Return the seconds until the storm is over if no more come, `quiet` ones after the last loud moment."""
        since = (now_ms - self.loud_ms) / SECOND
        return quiet - since if abs(since) < quiet else 0.0

    def due_in(self, now_ms: int, pace: float) -> float:
        """Return the seconds until the card may be written again, `pace` after the last time; it is made at once."""
        since = (now_ms - self.shown_ms) / SECOND
        return pace - since if self.message.ts and 0 <= since < pace else 0.0

    def with_message(self, message: MessageState, now_ms: int) -> "Digest":
        """Note what is known of its card."""
        return replace(self, message=message, shown_ms=now_ms)

    def content_unknown(self) -> "Digest":
        """Forget what its card says."""
        return replace(self, message=self.message.content_unknown())

    def with_found(self, ts: MessageTs, begun_ms: int, now_ms: int) -> "Digest":
        """Go on with a card that was found in Slack, if nothing is known of one; else let it be deleted."""
        if begun_ms == self.begun_ms:
            return self
        if not self.begun_ms:
            return replace(self, begun_ms=begun_ms, loud_ms=now_ms, message=MessageState(ts=ts))
        return replace(self, message=replace(self.message, replaces=self.message.replaces or ts))

    def ended(self) -> "Digest":
        """Take no more incidents."""
        return replace(self, has_ended=True)

    def refused(self, not_before_ms: int) -> "Digest":
        """End it because the channel does not take its card; until then each incident goes its own way."""
        return replace(self.ended(), not_before_ms=not_before_ms)

    def closed(self) -> "Digest":
        """Return a channel's state without a digest."""
        return Digest(self.id, arrived=self.arrived, not_before_ms=self.not_before_ms)


@dataclass(frozen=True)
class DigestEntry:
    """How an incident stands in the digest that was begun at `begun_ms`."""

    begun_ms: int
    status: Status
    created_ms: int

    def written(self) -> str:
        """Write it in a few characters."""
        return f"{self.begun_ms} {self.status} {self.created_ms}"

    @classmethod
    def read(cls, text: str) -> "DigestEntry":
        """Read what was written. Raises `ValueError`."""
        begun, status, created = text.split(" ")
        return cls(int(begun), Status(status), int(created))


def count_by_status(entries: Mapping[IncidentId, DigestEntry]) -> Mapping[Status, int]:
    """Count how the incidents of a digest stand."""
    return Counter(entry.status for entry in entries.values())


def open_first(entries: Mapping[IncidentId, DigestEntry]) -> list[IncidentId]:
    """Name the open incidents: those that no one has acknowledged first, of these the newest."""
    found = [(one, entry) for one, entry in entries.items() if entry.status is not Status.RESOLVED]
    return [one for one, entry in sorted(found, key=lambda each: (each[1].status != "triggered", -each[1].created_ms))]
