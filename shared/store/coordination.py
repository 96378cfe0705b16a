"""How workers share the work: which incidents are due, who works on one, and how many calls all together have made."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from shared.errors import FencedOff, Malformed, StoreDown
from shared.model.ids import IncidentId, incident_id
from shared.store import keys
from shared.store.redis import Argument, Redis, run_script

log = structlog.get_logger()

FIRST_EPOCHS = 1 << 40
"""Among how many numbers a fencing counter begins: few enough for Redis to count on exactly."""
KEEPING = 3
"""How often a lease is prolonged within the time that it lasts."""
MICROSECONDS = 1_000_000
LATE = 5.0
"""Seconds for which a caller that died holds up those behind it."""
FURTHEST = 300.0
"""Seconds that a budget may be ahead at all; what Slack asks for after a 429 is far below."""


@dataclass(frozen=True)
class Due:
    """An incident that is due. `marks` tells, when the work is done, whether more has come up meanwhile."""

    incident: IncidentId
    marks: str


class WorkQueue:
    """
    The incidents that need one kind of work: `commands`, `dirty` or `briefings`. Each is in it at most once.

    A taken incident is hidden for `hidden` seconds. If its worker dies, it comes up again by itself.
    """

    def __init__(self, redis: Redis, name: str, hidden: float) -> None:
        self._redis = redis
        self._keys = [keys.of_queue(name, "due"), keys.of_queue(name, "marks")]
        self._hidden = int(hidden * 1000)
        self._marked = asyncio.Event()

    async def mark(self, incident: IncidentId, after: float = 0.0) -> None:
        """Ask for `incident` to be worked on, `after` so many seconds."""
        await run_script(self._redis, "mark_work", self._keys, [incident, int(after * 1000)])
        self._marked.set()

    async def wait(self, seconds: float) -> None:
        """Wait until something was marked through this object, at most so many seconds: others mark without telling."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._marked.wait()
        self._marked.clear()

    async def take(self) -> Due | float | None:
        """Take one due incident; else say in how many seconds the next one is due, or None when none waits."""
        taken = await run_script(self._redis, "take_work", self._keys, [self._hidden])
        if not isinstance(taken, list) or taken == [-1]:
            return None
        if len(taken) == 1:
            return float(taken[0]) / 1000
        incident, marks = (part.decode(errors="replace") for part in taken)
        try:
            return Due(incident_id(incident), marks)
        except Malformed:
            log.error("queue.entry_dropped", queue=self._keys[0], why=f"{incident!r} is no incident's id")
            await run_script(self._redis, "finish_work", self._keys, [taken[0], taken[1], -1])
            return 0.0

    async def finish(self, due: Due, again_in: float | None = None) -> None:
        """Finish the work, or reschedule it in so many seconds. An incident marked meanwhile stays due."""
        again = -1 if again_in is None else max(0, int(again_in * 1000))
        await run_script(self._redis, "finish_work", self._keys, [due.incident, due.marks, again])


@dataclass
class Lease:
    """
    The right to do one kind of work on one incident, for a while; `epoch` is its fencing token.

    Its holder calls `check` before every outside call. Time is measured on the monotonic clock from before the lease
    was asked for, so the holder always gives up earlier than the store lets the next one in.
    """

    leases: "Leases"
    incident: IncidentId
    epoch: int
    until: float

    async def check(self, needed: float) -> None:
        """Require `needed` more seconds of the lease, renewing it if necessary. Raises `FencedOff` if it is lost."""
        if self.until - self.leases.now() < needed:
            self.until = await self.leases.renew(self)

    async def keep(self) -> None:
        """Prolong it until cancelled, for work of bounded steps, or until it is lost, as the next `check` finds out."""
        try:
            while True:
                await asyncio.sleep(self.leases.lasts / KEEPING)
                self.until = await self.leases.renew(self)
        except (FencedOff, StoreDown) as error:
            log.warning("lease.not_kept", incident=self.incident, work=self.leases.work, why=str(error))

    async def release(self) -> None:
        """Give it up if it is still this one, so that the next one need not wait."""
        name = keys.of_incident(self.incident, f"lease:{self.leases.work}")
        await run_script(self.leases.redis, "renew_lease", [name], [self.epoch, 0])


@dataclass(frozen=True)
class Leases:
    """Short leases for one kind of `work` on an incident, of `lasts` seconds each; `now` is the monotonic clock."""

    redis: Redis
    work: str
    lasts: float
    now: Callable[[], float] = time.monotonic

    async def take(self, incident: IncidentId) -> Lease | None:
        """Take the lease on `incident`, or return None if it is held."""
        asked = self.now()
        names = [keys.of_incident(incident, f"{part}:{self.work}") for part in ("lease", "epoch")]
        # A counter that starts anew, in a store that has lost its data, must not come to a token that is still held.
        first = secrets.randbelow(FIRST_EPOCHS)
        epoch = await run_script(self.redis, "take_lease", names, [int(self.lasts * 1000), keys.INCIDENT_KEPT, first])
        return Lease(self, incident, int(str(epoch)), asked + self.lasts) if epoch else None

    async def renew(self, lease: Lease) -> float:
        """Start the lease's time anew, and return its end on the monotonic clock. Raises `FencedOff`."""
        asked = self.now()
        name = keys.of_incident(lease.incident, f"lease:{self.work}")
        if not await run_script(self.redis, "renew_lease", [name], [lease.epoch, int(self.lasts * 1000)]):
            raise FencedOff(f"the lease on {lease.incident} for {self.work} was lost")
        return asked + self.lasts


class SharedTokenBuckets:
    """
    Budgets that several processes take calls from; each taking is one atomic step.

    A budget is the moment when its next call would be due at an even pace. Budgets forget themselves as soon as they
    are full again, so a store that lost its data costs at most one burst too many. `late` is how many seconds a caller
    may come back late without losing its place in line.
    """

    def __init__(self, redis: Redis, late: float = LATE) -> None:
        self._redis = redis
        self._late = late

    async def take(self, limits: Sequence[tuple[str, float, float]], caller: tuple[str, int] = ("", 0)) -> float:
        """
        Take one call out of all the budgets and return 0, or take nothing and return the seconds to wait.

        Each limit is a budget, the seconds that a call takes from it, and how many seconds it may be ahead. The caller
        is a name and a priority, the lowest first. With a name it waits in line; its place is kept until it comes back.
        """
        names = [keys.budget(budget) + part for budget, _, _ in limits for part in ("", ":line", ":back")]
        name, priority = caller
        times = [self._late, FURTHEST, *(seconds for _, interval, ahead in limits for seconds in (interval, ahead))]
        arguments: list[Argument] = [name, int(priority), *(round(seconds * MICROSECONDS) for seconds in times)]
        wait = await run_script(self._redis, "rate_limit_take", names, arguments)
        return int(str(wait)) / MICROSECONDS

    async def postpone(self, budget: str, seconds: float) -> None:
        """Set a budget at least so many seconds ahead, or half of `FURTHEST`."""
        times = [round(time * MICROSECONDS) for time in (min(seconds, FURTHEST / 2), FURTHEST)]
        await run_script(self._redis, "rate_limit_delay", [keys.budget(budget)], times)
