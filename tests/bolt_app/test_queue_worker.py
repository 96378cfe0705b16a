"""Works off a queue, until it is told to stop."""

import asyncio
from dataclasses import replace
from typing import Any

from fakeredis import FakeAsyncRedis

from bolt_app.consumers import QueueWorker
from shared.durations import Durations
from shared.model.ids import IncidentId
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, Leases, WorkQueue

INCIDENT = IncidentId("Q1")


class Once:
    """Work that is done in one pass."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    async def run(self, _incident: IncidentId, _lease: Lease) -> float | None:
        """Do it."""
        self.done.set()
        return None

    async def fenced_off(self, incident: IncidentId) -> None:
        """Fail: nobody else is here."""
        raise AssertionError(incident)


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
