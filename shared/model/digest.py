"""
The storm digest of a channel: when further incidents of low importance share one card, and when that ends. Pure.

The incidents that came to the channel within a minute are counted, by the store's clock, and those that came to all
channels: Slack takes few updates of cards in a minute, over all channels together. The first are never delayed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from shared.model.event import SECOND, Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, MessageTs
from shared.model.message_state import MessageState

WINDOW_MS = 60 * SECOND
"""Milliseconds within which incidents are counted."""
FRESH_CARDS = 25
"""New cards a minute that can be kept up to date: Slack takes 50 updates from an app, and an incident brings two."""
WRITES_IN_PACE = 12
"""Updates of digest cards for which Slack has room in the time between two of one card, nearly."""
ALL_CHANNELS = IncidentId("GLOBAL")
"""The id of the document for all channels together, in the place of an incident's."""

Name = TypeVar("Name", bound=str)


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
    `message` is its card. Where the channel refused that, none begins before `not_before_ms`. All times are the
    store's.
    """

    id: IncidentId
    arrived: dict[IncidentId, int] = field(default_factory=dict)
    begun_ms: int = 0
    loud_ms: int = 0
    has_ended: bool = False
    message: MessageState = field(default_factory=MessageState)
    not_before_ms: int = 0

    @property
    def is_on(self) -> bool:
        """True if incidents of low importance that come now share its card."""
        return self.begun_ms > 0 and not self.has_ended

    def with_arrival(
        self, incident: IncidentId, now_ms: int, above: int, *, low: bool, crowded: bool = False
    ) -> "Digest":
        """
        Count an incident, once; one of `low` importance that comes above the rate begins a digest.

        While it is `crowded`, because too many came to all channels, the first within a minute is at the rate.
        """
        if incident in self.arrived:
            return self
        arrived = _newest(self.arrived, incident, now_ms, above)
        is_loud = len(arrived) > (1 if crowded else above)
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

    def with_message(self, message: MessageState) -> "Digest":
        """Note what is known of its card."""
        return replace(self, message=message)

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
class DigestLoad:
    """
    The state that all channels with digests share, as they share the updates that Slack takes in a minute.

    `arrived` are the newest cards to be, as many as decide, and when each came. `written` is since when a channel's
    digest card is written, and when that was done last. All times are the store's.
    """

    id: IncidentId
    arrived: dict[str, int] = field(default_factory=dict)
    written: dict[ChannelId, tuple[int, int]] = field(default_factory=dict)

    def with_arrival(self, incident: IncidentId, channel: ChannelId, now_ms: int) -> "DigestLoad":
        """Count an incident in a channel, once."""
        name = f"{channel} {incident}"
        if name in self.arrived:
            return self
        return replace(self, arrived=_newest(self.arrived, name, now_ms, FRESH_CARDS))

    def is_crowded(self, now_ms: int) -> bool:
        """True if more cards came within a minute than can be kept up to date."""
        return sum(abs(now_ms - ms) < WINDOW_MS for ms in self.arrived.values()) > FRESH_CARDS

    def with_written(self, channel: ChannelId, now_ms: int) -> "DigestLoad":
        """Note that a channel's digest card says now what is known."""
        active = self._active(now_ms)
        since = active[channel][0] if channel in active else now_ms
        return replace(self, written={**active, channel: (since, now_ms)})

    def due_in(self, channel: ChannelId, now_ms: int, pace: float) -> float:
        """
        Return the seconds until a channel's digest card may be written again: `pace` after the last time, or later.

        The more cards there are, the longer each rests, up to twice as long, so that they take half of all updates or
        as few as that allows. Of cards that were made at once the last must not be late, so these rest less then.
        """
        active = self._active(now_ms)
        if channel not in active:
            return 0.0
        since, last = active[channel]
        apart = pace / WRITES_IN_PACE
        if since == last:
            rest = min(pace, max(0.0, 2 * pace - (len(active) + 4) * apart))
        else:
            rest = min(max(pace, 2 * apart * len(active)), 2 * pace - 3 * apart)
        return max(0.0, rest - (now_ms - last) / SECOND)

    def _active(self, now_ms: int) -> dict[ChannelId, tuple[int, int]]:
        """Return the digest cards written within a minute; after the clock was set back none in its future is known."""
        return {channel: times for channel, times in self.written.items() if 0 <= now_ms - times[1] < WINDOW_MS}


def _newest(arrived: Mapping[Name, int], name: Name, now_ms: int, above: int) -> dict[Name, int]:
    """Return what came within a minute and now, only the newest that decide whether there are more than `above`."""
    # After the clock was set back, arrivals in its future must not count for hours.
    recent = [(one, ms) for one, ms in arrived.items() if abs(now_ms - ms) < WINDOW_MS]
    return dict([*recent, (name, now_ms)][-above - 1 :])


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
