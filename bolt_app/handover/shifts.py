"""When the people at the first level of an escalation policy change, by the shifts that PagerDuty gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.model.event import SECOND
from shared.model.handover_posts import LATE_MS, ShiftChange
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import OnCall, on_call_at
from shared.slack.render.blocks import listed, named
from shared.store.clock import StoreClock

FIRST_LEVEL = 1
"""The level whose people hand over: they are paged first, and work on the incidents."""
LOOK = 1800.0
"""Seconds after which the shifts are read again at the latest: an override may have been made since."""
AHEAD_MS = int(2 * LOOK * SECOND)
"""Milliseconds for which shifts are read ahead."""


@dataclass(frozen=True)
class Shifts:
    """The changes of some hours, the first first, and PagerDuty's time when they were read."""

    changes: Sequence[ShiftChange]
    now_ms: int

    @property
    def look_in(self) -> float:
        """Seconds until they are to be read again: a second after the next change, of which PagerDuty's `Date` is."""
        return min([LOOK, *((one.at_ms - self.now_ms) / SECOND + 1 for one in self.changes if one.at_ms > self.now_ms)])


@dataclass(frozen=True)
class ShiftReader:
    """Reads them with one call, and tells the time by PagerDuty's clock: the shifts are by it as well."""

    pagerduty: PagerDuty
    clock: StoreClock

    async def read(self, policy: str) -> Shifts:
        """Read the shifts of a policy. Raises `CallError`, `Malformed`."""
        begun_ms = self.pagerduty.server_clock.now_ms() or await self.clock.now_ms()
        since_ms, until_ms = begun_ms - LATE_MS, begun_ms + AHEAD_MS
        entries = await self.pagerduty.on_calls(policy, since_ms, until_ms)
        return Shifts(shift_changes(entries, since_ms, until_ms), self.pagerduty.server_clock.now_ms() or begun_ms)


def shift_changes(entries: Sequence[OnCall], since_ms: int, until_ms: int) -> list[ShiftChange]:
    """
    Find the changes between two times, in milliseconds since 1970, for which the shifts are known, in order. Pure.

    Shifts that follow on each other for the same person are one, and those of several schedules are taken together.
    """
    shifts = [entry for entry in entries if entry.level == FIRST_LEVEL]
    ends = {end.ms for shift in shifts for end in (shift.since, shift.until) if end is not None}
    changes = []
    # A shift that is cut off at the edge of what was asked for neither begins nor ends there.
    for at_ms in sorted(end for end in ends if since_ms < end < until_ms):
        before, after = on_call_at(shifts, at_ms - 1), on_call_at(shifts, at_ms)
        if before.keys() != after.keys():
            going = tuple(named(user) for user in before.values() if user.id not in after)
            coming = tuple(named(user) for user in after.values() if user.id not in before)
            changes.append(ShiftChange(at_ms, going, coming))
    return changes


def shift_words(change: ShiftChange) -> str:
    """Return who hands over to whom; those who stay are not named. Pure."""
    going, coming = listed(change.going), listed(change.coming)
    if not change.coming:
        return f"{going} {'is' if len(change.going) == 1 else 'are'} no longer on call"
    if not change.going:
        return f"{coming} {'is' if len(change.coming) == 1 else 'are'} on call now"
    return f"{going} {'hands' if len(change.going) == 1 else 'hand'} over to {coming}"
