"""How far the upkeep of the whole bridge has come: kept in the store, so that any worker can go on with it."""

from dataclasses import dataclass, field

from shared.model.ids import ChannelId, IncidentId
from shared.model.message_state import MessageState

GLOBAL = IncidentId("GLOBAL")
"""In place of an incident, for what is done once for all of them."""


@dataclass(frozen=True)
class Gap:
    """
    A time in which webhooks did not come, by the store's clock; it has not ended while `until_ms` is 0.

    `late` are the incidents of which something was told only afterwards. It is `partial` when some came at least at
    first, and `silent` when none does now.
    """

    since_ms: int
    until_ms: int = 0
    late: tuple[IncidentId, ...] = ()
    partial: bool = False
    silent: bool = True


@dataclass(frozen=True)
class Positions:
    """
    How far the work has come that takes turns; what is None begins at the beginning.

    `moved_notes` and `notes` are the last incidents whose notes were read, of those where something had moved and of
    the others; `channel` is the last channel that was swept, `thread` the last incident whose thread was.
    """

    moved_notes: IncidentId | None = None
    notes: IncidentId | None = None
    channel: ChannelId | None = None
    thread: IncidentId | None = None


@dataclass(frozen=True)
class ResyncState:
    """
    The state that the last pass of each background duty has left.

    `begun_ms` is when the last resync began, `done_ms` when one was last completed, `watched_ms` when the subscription
    was last checked, all by the store's clock, as is `due_ms`, the earliest time of the next pass (0: unset).
    `since_ms` is up to when PagerDuty's log has been read, by its own clock; 0 if never. `recheck` are incidents that
    could not be compared, `reached` is the one at which the last pass was interrupted.

    `problem` describes what is wrong with the webhook subscription. `pinged_ms` is when it was pinged to test whether
    webhooks arrive. `gap` is the time in which they did not, or not all of them, and `notices` are the messages about
    it.
    """

    id: IncidentId
    begun_ms: int = 0
    done_ms: int = 0
    watched_ms: int = 0
    due_ms: int = 0
    since_ms: int = 0
    recheck: tuple[IncidentId, ...] = ()
    reached: IncidentId | None = None
    positions: Positions = Positions()
    problem: str = ""
    pinged_ms: int = 0
    gap: Gap | None = None
    notices: dict[ChannelId, MessageState] = field(default_factory=dict)
