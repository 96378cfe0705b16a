"""How many calls all workers together have made, on the store's clock."""

from collections.abc import Sequence

from shared.store import keys
from shared.store.redis import Redis, Script

MICROSECONDS = 1_000_000
LATE = 5.0
"""Seconds for which a caller that died holds up those behind it."""
FURTHEST = 300.0
"""Seconds that a budget may be ahead at all; what Slack asks for after a 429 is far below."""


class SharedTokenBuckets:
    """
    Budgets that several processes take calls from; each taking is one atomic step.

    A budget is the moment when its next call would be due at an even pace. Budgets forget themselves as soon as they
    are full again, so a store that lost its data costs at most one burst too many. `late` is how many seconds a caller
    may come back late without losing its place in line.
    """

    def __init__(self, redis: Redis, late: float = LATE) -> None:
        self._late = late
        self._take = Script(redis, "rate_limit_take")
        self._postpone = Script(redis, "rate_limit_delay")

    async def take(self, limits: Sequence[tuple[str, float, float]], caller: tuple[str, int] = ("", 0)) -> float:
        """
        Take one call out of all the budgets and return 0, or take nothing and return the seconds to wait.

        Each limit is a budget, the seconds that a call takes from it, and how many seconds it may be ahead. The caller
        is a name and a priority, the lowest first. With a name it waits in line; its place is kept until it comes back.
        """
        names = [key for budget, _, _ in limits for key in keys.budget_keys(budget)]
        times = [_micros(seconds) for _, interval, ahead in limits for seconds in (interval, ahead)]
        name, priority = caller
        return (
            int(str(await self._take(names, [name, int(priority), _micros(self._late), _micros(FURTHEST), *times])))
            / MICROSECONDS
        )

    async def postpone(self, budget: str, seconds: float) -> None:
        """Set a budget at least so many seconds ahead, or half of `FURTHEST`."""
        await self._postpone([keys.budget(budget)], [_micros(min(seconds, FURTHEST / 2)), _micros(FURTHEST)])


def _micros(seconds: float) -> int:
    return round(seconds * MICROSECONDS)
