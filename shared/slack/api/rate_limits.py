"""
Slack's rate limits. Never waits: it returns how long to wait, and the caller reschedules the work.

Source of every number, where none other is named: Slack's page on rate limits (docs.slack.dev, "Rate limits"), and the
tier on each method's own page. The limits count per app and workspace, so all workers share what is left of them.

A budget is one number, the moment when the next call would be due if all of them came at an even pace; every call moves
it on. It may lie ahead of the clock by as much as a burst is allowed; a call that would go further has to wait.
(Telephone networks know this as the generic cell rate algorithm.)
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar

import structlog

from shared.errors import StoreDown, Unavailable

log = structlog.get_logger()

T = TypeVar("T")

ROUNDING = 0.001
"""Seconds by which a call may come early: work queues count whole milliseconds."""
PATIENCE = 0.3
"""Seconds that the shared budgets may take to answer. A person waits for some of these calls while Redis is down."""
LOCAL_FALLBACK_SECONDS = 2.0
"""Seconds for which the shared budgets are left alone once they have failed."""


class Priority(IntEnum):
    """
    The order in which calls of a method go when there is not capacity for all; each method has its own budgets.

    A call that has to wait queues by priority (`Caller`). Capacity is also reserved for high priorities, because queued
    calls return at their own times: each level may use a quarter less of every burst than the one above. However many
    lower calls there are, the last part of the burst stays for the higher ones, and is refilled before the lower ones
    get any.
    """

    NOTICE = -1
    """Words on why the others are late; like the next, and before it."""
    FIRST = 0
    """The first card of a high-urgency incident, its updates, and everything a person waits for."""
    HIGH = 1
    """The first card of any other incident."""
    MEDIUM = 2
    """A line about an incident of high urgency, and the update of a card of any other."""
    LOW = 3
    """A line about any other incident, and background reads."""


LEVELS = 4
"""Into how many parts a burst is divided."""


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


@dataclass(frozen=True)
class Rate:
    """So many calls in a minute in the long run, `burst` of them at once after a pause."""

    per_minute: int
    burst: int
    per_channel: bool = False

    def limit(self, method: str, channel: str, priority: Priority, pace: float) -> Limit:
        """Return what one call takes from the budgets."""
        interval = 60 / self.per_minute * pace
        usable = self.burst * (LEVELS - max(priority, Priority.FIRST)) // LEVELS
        return Limit(
            f"{method}:{channel}" if self.per_channel else method, interval, (usable - 1) * interval + ROUNDING
        )


TIER_2 = Rate(per_minute=20, burst=8)
TIER_3 = Rate(per_minute=50, burst=10)
TIER_4 = Rate(per_minute=100, burst=20)
"""Tiers count a method's calls over all channels. Slack welcomes bursts and does not say how large: a fifth is ours."""
CHANNEL = Rate(per_minute=60, burst=4, per_channel=True)
"""One message a second to a channel. Slack allows "short bursts" and does not say how short."""
WORKSPACE = Rate(per_minute=300, burst=60)
"""All messages of an app: "several hundred" a minute, says the page of chat.postMessage; the fewest that can mean."""
RATES: Mapping[str, tuple[Rate, ...]] = MappingProxyType(
    {
        "apps.connections.open": (TIER_3,),
        "auth.test": (TIER_4,),  # a rule of its own, whose number is not published
        "bots.info": (TIER_3,),
        "chat.delete": (TIER_3,),
        "chat.getPermalink": (TIER_4,),  # likewise
        "chat.postEphemeral": (TIER_4,),
        "chat.postMessage": (CHANNEL, WORKSPACE),
        "chat.update": (TIER_3,),
        "conversations.history": (TIER_3,),
        "conversations.info": (TIER_3,),
        "conversations.replies": (TIER_3,),
        "users.info": (TIER_4,),
        "users.list": (TIER_2,),
        "users.lookupByEmail": (TIER_3,),
        "views.open": (TIER_4,),
        "views.update": (TIER_4,),
    }
)
"""Every method that we call, with its narrowest rate first: that is the one which a 429 is held to be about."""


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


class RateLimiter:
    """
    The calls of one token.

    `shared` are the budgets of all workers. While they cannot be asked this process paces itself alone, because a slow
    store must not hold up a click: then each worker may use all of the limits, and Slack's 429 puts that right.
    `pace` stretches or shrinks the rates (0: none), since tests against a Slack without limits need not wait for them;
    what Slack itself asks for after a 429 is never shrunk.
    """

    def __init__(self, now: Callable[[], float], pace: float = 1.0, shared: TokenBuckets | None = None) -> None:
        self._now = now
        self._pace = pace
        self._own = LocalTokenBuckets(now)
        self._shared = shared
        self._alone_until = now()

    async def take(self, method: str, channel: str, priority: Priority, name: str = "") -> None:
        """Take a call's place, or raise `Unavailable` with the seconds to it; a `name` keeps its place by priority."""
        limits = [rate.limit(method, channel, priority, self._pace) for rate in RATES[method]]
        wait = None
        if self._shared and self._now() >= self._alone_until:
            wait = await self._briefly(self._shared.take(limits, Caller(name, priority)))
        if wait is None:
            wait = self._own.take(limits)
        if wait > 0:
            raise Unavailable(f"Slack takes no {method} for another {wait:.1f} s", retry_after=wait)

    async def pause(self, method: str, channel: str, seconds: float) -> None:
        """Stop calls for so many seconds, to a channel or all; then they go evenly, by priority, without a burst."""
        narrowest = RATES[method][0].limit(method, channel, Priority.FIRST, self._pace)
        ahead = seconds + narrowest.ahead
        self._own.postpone(narrowest.budget, ahead)
        if self._shared and self._now() >= self._alone_until:
            await self._briefly(self._shared.postpone(narrowest.budget, ahead))

    async def _briefly(self, asking: Awaitable[T]) -> T | None:
        """Ask the shared budgets; if they fail or take too long, return None and go on without them for a while."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await asking
        except (StoreDown, TimeoutError) as error:
            self._alone_until = self._now() + LOCAL_FALLBACK_SECONDS
            log.warning(
                "pacing.alone", why=str(error) or "the store did not answer in time", seconds=LOCAL_FALLBACK_SECONDS
            )
            return None
