"""
Calls to the vendors, at both doors alike: budgets, metrics, the clock of who answers, and which one serves several.

Budgets, in this process and shared by all workers, say how much room a vendor's rate limit still has.

A budget is one number, the moment when the next call would be due if all of them came at an even pace; every call moves
it on. It may lie ahead of the clock by as much as a burst is allowed; a call that would go further has to wait.
(Telephone networks know this as the generic cell rate algorithm.)

What the commands of one press have in common is read once: who pressed, and what the teams say of them. One press can
carry fifty commands; so what was read after it, for one of them, serves the others for a few seconds.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog
from prometheus_client import Counter, Histogram

from shared.errors import (
    BadCredentials,
    BridgeError,
    CallError,
    Malformed,
    NotFound,
    Refused,
    StoreDown,
    Unavailable,
    Uncertain,
)
from shared.model.command import Command
from shared.model.event import SECOND, Instant
from shared.observability.tracing import tracing

log = structlog.get_logger()

T = TypeVar("T")

ROUNDING = 0.001
"""Seconds by which a call may come early: work queues count whole milliseconds."""
PATIENCE = 0.3
"""Seconds that the shared budgets may take to answer. A person waits for some of these calls while Redis is down."""
LOCAL_FALLBACK_SECONDS = 2.0
"""Seconds for which the shared budgets are left alone once they have failed."""
PRESS_KEPT = 10.0
"""Seconds after which what one command has read is read again for the next command of the same press."""


class Limit(NamedTuple):
    """The share of one call in `budget`: `interval` seconds, if the budget is at most `ahead` seconds ahead."""

    budget: str
    interval: float
    ahead: float


class Caller(NamedTuple):
    """
    The caller of a limited call.

    One with a name that has to wait is given a place in line, behind all with a lower `priority`, and is told a time of
    its own. So many callers who wait do not all come back at once. Of the same priority those with the same text before
    the first colon of the name, such as a channel or a person, take turns with the others, and go in the order in which
    they came.
    """

    name: str = ""
    priority: int = 0


ANYBODY = Caller()
"""A caller outside the queue: it learns when there is capacity next, and another may come first."""


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


class Pacing:
    """
    The budgets of all workers, or those of this process while the `shared` ones cannot be asked.

    A slow store must not hold up a click: then each worker may use all of the limits, and the vendor's 429 puts that
    right.
    """

    def __init__(self, now: Callable[[], float], shared: TokenBuckets | None = None) -> None:
        self._now = now
        self._own = LocalTokenBuckets(now)
        self._shared = shared
        self._alone_until = now()

    async def take(self, limits: Sequence[Limit], caller: Caller = ANYBODY) -> float:
        """Take one call out of all the budgets and return 0, or take nothing and return the seconds to wait."""
        wait = None
        if self._shared and self._now() >= self._alone_until:
            wait = await self._briefly(self._shared.take(limits, caller))
        return self._own.take(limits) if wait is None else wait

    async def postpone(self, budget: str, seconds: float) -> None:
        """Set a budget at least so many seconds ahead."""
        self._own.postpone(budget, seconds)
        if self._shared and self._now() >= self._alone_until:
            await self._briefly(self._shared.postpone(budget, seconds))

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


class ServerClock:
    """A vendor's clock, to the second. `heard` is when its last answer came, on this machine's monotonic clock."""

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor
        self._ahead_ms = 0.0
        self.heard = -math.inf

    def hear(self, headers: Mapping[str, str]) -> Instant:
        """Read the clock off the `Date` header of an answer that has just come. Raises `Malformed`."""
        try:
            since = parsedate_to_datetime(headers["Date"]) - datetime(1970, 1, 1, tzinfo=UTC)
            now = Instant(since // timedelta(seconds=1) * SECOND, SECOND)
        except (KeyError, TypeError, ValueError, OverflowError, Malformed):
            raise Malformed(f"{self._vendor}'s answer has no usable Date header") from None
        self.heard = time.monotonic()
        self._ahead_ms = now.ms - self.heard * SECOND
        return now

    def now_ms(self) -> int | None:
        """Return the vendor's time in milliseconds since 1970, None before its first answer."""
        return None if self.heard == -math.inf else int(time.monotonic() * SECOND + self._ahead_ms)


_OUTCOMES: dict[type[BridgeError], str] = {
    Unavailable: "unavailable",
    Uncertain: "uncertain",
    Refused: "refused",
    NotFound: "not_found",
    BadCredentials: "bad_credentials",
    Malformed: "malformed",
}


BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds that a call may take: the bounds of the histograms."""


@contextmanager
def record_call(calls: Counter, seconds: Histogram, vendor: str, method: str) -> Iterator[None]:
    """
    Count the call to `vendor` inside the block as `method`, under the labels `method` and `outcome`, and trace it.

    Its duration goes into `seconds`, by `method`. The outcome is `ok`, the kind of failure as `shared.errors` names it,
    or `abandoned` if the caller was cancelled.
    """
    outcome = "abandoned"
    try:
        with tracing.call(f"{vendor} {method}"), seconds.labels(method).time():
            yield
        outcome = "ok"
    except (CallError, Malformed) as error:
        outcome = next(_OUTCOMES[kind] for kind in type(error).__mro__ if kind in _OUTCOMES)
        raise
    finally:
        calls.labels(method, outcome).inc()


@dataclass(frozen=True)
class Press:
    """The reads, done or under way, for one press since `begun`."""

    begun: float
    reads: dict[Hashable, asyncio.Future[Any]] = field(default_factory=dict)


_PRESS: ContextVar[Press | None] = ContextVar("press", default=None)


@dataclass(frozen=True)
class Presses:
    """The presses whose commands are carried out. `now` gives seconds on a clock that only goes forward."""

    now: Callable[[], float] = time.monotonic
    recent: dict[tuple[str, int], Press] = field(default_factory=dict)

    @contextmanager
    def of(self, command: Command) -> Iterator[None]:
        """Let `read_once` share what is read inside with the other commands of the press that `command` is from."""
        key, now = (command.by.id, command.requested_ms), self.now()
        for old in [each for each, press in self.recent.items() if now - press.begun > PRESS_KEPT]:
            del self.recent[old]
        before = _PRESS.set(self.recent.setdefault(key, Press(now)) if command.requested_ms else None)
        try:
            yield
        finally:
            _PRESS.reset(before)


async def read_once(key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
    """Return what `read` gives, or has given under `key` for this press; a failure goes to those who wait for it."""
    press = _PRESS.get()
    if press is None:
        return await read()
    if key in press.reads:
        shared: T = await asyncio.shield(press.reads[key])
        return shared
    reading = press.reads[key] = asyncio.get_running_loop().create_future()
    try:
        found = await read()
    except BaseException as error:
        del press.reads[key]
        reading.set_exception(error if isinstance(error, Exception) else Unavailable("the read was given up"))
        reading.exception()  # marks it as retrieved: there may be no other waiter
        raise
    reading.set_result(found)
    return found
