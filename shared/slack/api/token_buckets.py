"""
How many calls have been made: a moment for each budget, which every call moves on.

The moment is when the next call would be due if all of them came at an even pace. It may lie ahead of the clock by as
much as a burst is allowed; a call that would go further has to wait. (Telephone networks know this as the generic cell
rate algorithm.) One number for each budget, nothing to refill.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class Limit(NamedTuple):
    """What one call takes from `budget`: `interval` seconds, if the budget is at most `ahead` seconds ahead."""

    budget: str
    interval: float
    ahead: float


class Caller(NamedTuple):
    """
    Who makes a call.

    One with a name who has to wait is given a place in line, behind all with a lower `priority`, and is told a time of
    its own. So many callers who wait do not all come back at once. Of the same priority the channels take turns, by
    what stands before the first colon of the name, and those of one channel go in the order in which they came.
    """

    name: str = ""
    priority: int = 0


ANYBODY = Caller()
"""A caller outside the queue: it learns when there is capacity next, whoever may come first."""


class TokenBuckets(Protocol):
    """Where the budgets are kept that several processes share. Both methods may raise `StoreDown`."""

    async def take(self, limits: Sequence[Limit], caller: Caller = ANYBODY) -> float:
        """Take one call out of all the budgets and return 0, or take nothing and return the seconds to wait."""

    async def postpone(self, budget: str, seconds: float) -> None:
        """Set a budget at least so many seconds ahead."""


class LocalTokenBuckets:
    """The budgets of this process alone. `now` gives seconds on a clock that only goes forward."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._due: dict[str, float] = {}

    def take(self, limits: Sequence[Limit]) -> float:
        """Take one call out of all the budgets and return 0, or take nothing and return the seconds to wait."""
        now = self._now()
        due = {limit.budget: max(now, self._due.get(limit.budget, now)) for limit in limits}
        wait = max(due[limit.budget] - limit.ahead - now for limit in limits)
        if wait > 0:
            return wait
        self._due |= {limit.budget: due[limit.budget] + limit.interval for limit in limits}
        return 0.0

    def postpone(self, budget: str, seconds: float) -> None:
        """Set a budget at least so many seconds ahead."""
        until = self._now() + seconds
        self._due[budget] = max(until, self._due.get(budget, until))
