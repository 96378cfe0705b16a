"""Works off a queue, until it is told to stop."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fakeredis import FakeAsyncRedis

from bolt_app.consumers import QueueWorker
from bolt_app.store_metrics import QUEUES
from bolt_app.worker_store import Store
from shared.durations import Durations
from shared.errors import FencedOff
from shared.model.ids import IncidentId
from shared.store import keys
from shared.store.clock import StoreClock
from shared.store.coordination import Due, Lease, Leases, WorkQueue

INCIDENT = IncidentId("Q1")


class Once:
    """Work that is done in one pass."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    async def run(self, _incident: IncidentId, _lease: Lease) -> float | None:
        """Do it."""
        self.done.set()
        return None


async def test_one_that_waits_for_work_ends_when_it_is_told_to() -> None:
    """However seldom it looks for what others have left."""
    redis: Any = FakeAsyncRedis()
    work, queue, stopping = Once(), WorkQueue(redis, "homes", 10.0), asyncio.Event()
    seldom = replace(Durations(), poll=1000.0)
    worker = QueueWorker(queue, Leases(redis, "home", 10.0), work, seldom, StoreClock(redis))
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(worker.run(stopping))
        await queue.mark(INCIDENT)
        await work.done.wait()
        stopping.set()


class TakenOver(Once):
    """Work that is taken over by another worker during its first pass."""

    passes = 0

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do it, the second time."""
        self.passes += 1
        if self.passes == 1:
            raise FencedOff("taken over")
        return await super().run(incident, lease)


async def test_one_that_was_taken_over_stays_due() -> None:
    """What the pass may have left behind is repaired, then the next pass goes on; nothing is due after that one."""
    redis: Any = FakeAsyncRedis()
    work, queue, stopping, repaired = TakenOver(), WorkQueue(redis, "dirty", 10.0), asyncio.Event(), []

    async def repair(incident: IncidentId) -> None:
        repaired.append((incident, work.passes))

    leases = Leases(redis, "slack", 10.0)
    worker = QueueWorker(queue, leases, work, Durations(), StoreClock(redis), fenced_off=repair)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(worker.run(stopping))
        await queue.mark(INCIDENT)
        await work.done.wait()
        stopping.set()

    assert [(INCIDENT, 1)] == repaired
    assert await queue.take() is None


class Counted(WorkQueue):
    """A queue that counts how often it is looked at and waited for, and waits for nothing."""

    looks = waits = 0
    stopping = asyncio.Event()

    async def take(self, leases: Leases | None = None, documents: Sequence[str] = ()) -> Due | float | None:
        """Look at it."""
        self.looks += 1
        return await super().take(leases, documents)

    async def wait(self, _seconds: float) -> None:
        """Let the others go on; stop in the end."""
        self.waits += 1
        await asyncio.sleep(0)
        if self.waits > 200:
            self.stopping.set()


async def test_what_nothing_fills_is_looked_at_until_it_is_empty() -> None:
    """So that what is switched off costs the store nothing; what is left from before is worked off."""
    redis: Any = FakeAsyncRedis()
    work, queue, leases = Once(), Counted(redis, "digests", 10.0), Leases(redis, "digest", 10.0)
    queue.stopping = asyncio.Event()
    await queue.mark(INCIDENT)
    worker = QueueWorker(queue, leases, work, Durations(), StoreClock(redis), filled=lambda: False)
    async with asyncio.timeout(5):
        await worker.run(queue.stopping)

    assert work.done.is_set()
    assert queue.looks < queue.waits / 2


def test_every_queue_is_measured() -> None:
    """A queue that is left out of the metrics could stand still without an alert."""
    store = Store.on(FakeAsyncRedis(), 10.0)  # type: ignore[arg-type]
    queues = {each.keys[0] for each in (*vars(store).values(), store.open_homes.queue) if isinstance(each, WorkQueue)}

    assert queues == {keys.of_queue(name, "due") for name in QUEUES}
