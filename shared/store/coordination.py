"""How workers share the work: which incidents are due, who works on one, and how many calls all together have made."""

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from shared.errors import FencedOff, Malformed, StoreDown
from shared.model.ids import IncidentId, SlackUserId, incident_id
from shared.observability.tracing import tracing
from shared.store import keys
from shared.store.redis import Argument, Redis, run_script

log = structlog.get_logger()

EPOCHS = 1 << 60
"""
Among how many numbers fencing tokens are drawn, so that no lease has had one, also before the store lost its data.
"""
MARK_BYTES = 6
"""How many bytes of chance make the mark of an incident one that it has not had."""
STORED, FENCED_OFF, DUE_AGAIN = 1, -1, 2
"""
The answers of scripts about a document: with 0 another revision is there. The last keeps the incident in its queue.
"""
NO_DOCUMENT = b"?"
"""The revision that is read of a document that is none."""
NOTHING: tuple[Argument, ...] = ("", "", 0, 0, "", 0, 0)
"""The arguments of the script put_document that store nothing."""
HELD_MS = 500
"""Milliseconds until the next try when another worker has the lease; it looks at the mark again at its end."""
KEEPING = 3
"""How often a lease is prolonged within the time that it lasts."""
MICROSECONDS = 1_000_000
LATE = 5.0
"""Seconds for which a caller that died holds up those behind it."""
FURTHEST = 300.0
"""Seconds that a budget may be ahead at all; what Slack asks for after a 429 is far below."""


def home_of(user: SlackUserId) -> IncidentId:
    """Name a person's Home tab where a work queue names an incident; a Slack user's id can't be one of those."""
    return IncidentId(user)


async def wait_at_most(seconds: float, event: asyncio.Event) -> None:
    """Wait until an event is set, at most so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Unsaved(Protocol):
    """A change of a document that is stored with the next step under the lease, at the latest with its end."""

    async def put(self) -> tuple[list[str], list[Argument]]:
        """Return the keys and arguments of the script put_document for it. Raises `StoreDown`."""

    def outdated(self) -> None:
        """Note that another revision is stored."""


@dataclass(frozen=True)
class Due:
    """
    An incident that is due. `mark` tells, when the work is done, whether more has come up meanwhile.

    It was taken at `at_ms`, by the store's clock, with a `lease` if one was asked for. Another one is due in `left`
    seconds, None if none waits. `traces` are the contexts of those that wait for it, the oldest first.
    """

    incident: IncidentId
    mark: str
    at_ms: int
    left: float | None
    lease: "Lease | None" = None
    traces: tuple[str, ...] = ()


def new_mark() -> str:
    """Make a mark that the incident has not had, and behind it the context of the trace that goes on with the work."""
    return f"{secrets.token_hex(MARK_BYTES)} {tracing.context()}".rstrip()


class WorkQueue:
    """
    The incidents that need one kind of work: `commands`, `dirty` or `briefings`. Each is in it at most once.

    In their place `homes` holds the people whose tab is to be published, and `handovers` channels, and entries of
    `[[oncall_groups]]`. What was taken is hidden for `hidden` seconds. If its worker dies, it comes up again by itself.
    """

    def __init__(self, redis: Redis, name: str, hidden: float) -> None:
        self._redis = redis
        self.keys = [keys.of_queue(name, "due"), keys.of_queue(name, "marks")]
        self._hidden = int(hidden * 1000)
        self.in_hand: set[IncidentId] = set()
        """The incidents taken with a lease and not finished: `finish` sees whether one was marked meanwhile."""
        self._marked = asyncio.Event()

    async def mark(self, incident: IncidentId, after: float = 0.0) -> None:
        """Ask for `incident` to be worked on, `after` so many seconds."""
        await run_script(self._redis, "mark_work", self.keys, [incident, int(after * 1000), new_mark()])
        self.wake(incident)

    def wake(self, incident: IncidentId) -> None:
        """End a `wait`, because `incident` was marked; not if it is in hand, and so could not be taken."""
        if incident not in self.in_hand:
            self._marked.set()

    async def wait(self, seconds: float) -> None:
        """Wait until something was marked through this object, at most so many seconds: others mark without telling."""
        await wait_at_most(seconds, self._marked)
        self._marked.clear()

    def end_wait(self) -> None:
        """End a `wait` at once."""
        self._marked.set()

    async def take(self, leases: "Leases | None" = None, documents: Sequence[str] = ()) -> Due | float | None:
        """
        Take one due incident, with its lease and its documents if asked for.

        If there is none, or the lease is held, return in how many seconds to try again, None when none waits.
        """
        epoch, asked = secrets.randbelow(EPOCHS) + 1, leases.now() if leases else 0.0
        lease: list[Argument] = [leases.work, int(leases.lasts * 1000)] if leases else ["", 0]
        own: list[Argument] = [keys.INCIDENT_KEPT, epoch, HELD_MS, keys.OF_INCIDENT, *documents]
        taken = await run_script(self._redis, "take_work", self.keys, [self._hidden, *lease, *own])
        if not isinstance(taken, list) or taken == [-1]:
            return None
        if len(taken) == 1:
            return float(taken[0]) / 1000
        incident, mark = (part.decode(errors="replace") for part in taken[:2])
        try:
            left, traces = None if taken[3] < 0 else taken[3] / 1000, taken[4].decode(errors="replace").split()
            due = Due(incident_id(incident), mark, taken[2], left, traces=tuple(reversed(traces)))
        except Malformed:
            log.error("queue.entry_dropped", queue=self.keys[0], why=f"{incident!r} is no incident's id")
            none = [keys.of_incident(IncidentId("NONE"), "none")] * 5
            done = [*NOTHING, taken[0], taken[1], -1, "", ""]
            await run_script(self._redis, "finish_work", [*none, *self.keys], done)
            return 0.0
        if leases is None:
            return due
        found = zip(documents, taken[5::2], taken[6::2], strict=True)
        read = {name: (revision, text) for name, revision, text in found if revision != NO_DOCUMENT}
        self.in_hand.add(due.incident)
        return replace(due, lease=Lease(leases, due.incident, epoch, asked + leases.lasts, asked, read))

    async def finish(self, due: Due, again_in: float | None = None) -> None:
        """
        Finish the work, or reschedule it in so many seconds. An incident marked meanwhile stays due.

        In the same step the lease is given up, stored what is not stored yet under it, and the incident marked in the
        queues that its holder named. Raises `FencedOff` if there is something to store, and the lease is lost.
        """
        # Before it is sent: a mark that comes after it has to wake.
        self.in_hand.discard(due.incident)
        lease, again = due.lease, -1 if again_in is None else max(0, int(again_in * 1000))
        work, epoch, marking = (lease.leases.work, lease.epoch, lease.marking) if lease else ("none", 0, ())
        own = [keys.of_incident(due.incident, f"lease:{work}"), *self.keys, *(key for q in marking for key in q.keys)]
        waiting = "".join(f" {trace}" for trace in reversed(due.traces)) if again >= 0 else ""
        done: list[Argument] = [due.incident, due.mark, again, new_mark(), waiting]
        names, put = [keys.of_incident(due.incident, "none")] * 4, [*NOTHING[:3], epoch, *NOTHING[4:]]
        while True:
            unsaved = lease.unsaved if lease else None
            if unsaved:
                names, put = await unsaved.put()
            verdict = int(str(await run_script(self._redis, "finish_work", [*names, *own], [*put, *done])))
            for queue in [*marking, *([self] if verdict == DUE_AGAIN else [])]:
                queue.wake(due.incident)
            if unsaved is None or verdict > 0:
                return
            if verdict == FENCED_OFF:
                raise FencedOff(f"{due.incident} was taken over before its pass ended")
            unsaved.outdated()


@dataclass
class Lease:
    """
    The right to do one kind of work on one incident, for a while; `epoch` is its fencing token.

    Its holder calls `check` before every outside call. Time is measured on the monotonic clock from before the lease
    was asked for, so the holder always gives up earlier than the store lets the next one in. `read` are the documents,
    by name, that were read with it (revision, text), at the earliest at `asked`, and `held` what the holder knows of
    them since. With its end the incident is marked in the queues of `marking`.
    """

    leases: "Leases"
    incident: IncidentId
    epoch: int
    until: float
    asked: float = -math.inf
    read: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    unsaved: Unsaved | None = None
    marking: "list[WorkQueue]" = field(default_factory=list)

    async def check(self, needed: float) -> None:
        """Require `needed` more seconds of the lease, renewing it if necessary. Raises `FencedOff` if it is lost."""
        if self.until - self.leases.now() < needed:
            self.until = await self.leases.renew(self)
            while self.until - self.leases.now() < min(needed, self.leases.lasts / 2):
                # Its answer came late, as after a pause of this process: by now another may hold it.
                self.until = await self.leases.renew(self)

    async def kept_for(self, seconds: float, stopping: asyncio.Event) -> bool:
        """Wait without losing it, until `stopping` at most; return whether that is set. Raises `FencedOff`."""
        half = self.leases.lasts / 2
        while seconds > 0 and not stopping.is_set():
            await self.check(half)
            await wait_at_most(min(seconds, half / 2), stopping)
            seconds -= half / 2
        return stopping.is_set()

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
        epoch, asked = secrets.randbelow(EPOCHS) + 1, self.now()
        names = [keys.of_incident(incident, f"{part}:{self.work}") for part in ("lease", "epoch")]
        taken = await run_script(self.redis, "take_lease", names, [int(self.lasts * 1000), keys.INCIDENT_KEPT, epoch])
        return Lease(self, incident, epoch, asked + self.lasts, asked) if taken else None

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
        names = [keys.budget(budget) + part for budget, _, _ in limits for part in ("", ":line", ":back", ":waits")]
        name, priority = caller
        times = [self._late, FURTHEST, *(seconds for _, interval, ahead in limits for seconds in (interval, ahead))]
        arguments: list[Argument] = [name, int(priority), *(round(seconds * MICROSECONDS) for seconds in times)]
        wait = await run_script(self._redis, "rate_limit_take", names, arguments)
        return int(str(wait)) / MICROSECONDS

    async def postpone(self, budget: str, seconds: float) -> None:
        """Set a budget at least so many seconds ahead, or half of `FURTHEST`."""
        times = [round(time * MICROSECONDS) for time in (min(seconds, FURTHEST / 2), FURTHEST)]
        await run_script(self._redis, "rate_limit_delay", [keys.budget(budget)], times)
