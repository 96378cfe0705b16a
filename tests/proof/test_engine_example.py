"""Two workers compete for the same incidents while they crash and fall asleep: an example of what the engine is for."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from shared.errors import FencedOff, StoreDown
from shared.model.ids import IncidentId
from shared.model.slack_state import SlackState
from shared.store import document_kinds, keys
from shared.store.coordination import Due, Lease, Leases, WorkQueue
from tests.proof.engine.connection import SimRedis
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.engine.process import Fault, Process
from tests.proof.engine.virtual_loop import VirtualLoop

INCIDENTS = (IncidentId("Q1"), IncidentId("Q2"))
LASTS = 5.0
"""Seconds that a lease lasts."""
SEEDS = 200
WHATS = ("crash_before", "crash_after", "pause_before", "pause_after", "fail_before", "fail_after", "fail_late")


@dataclass
class Day:
    """What can be seen of one run. `stored` tells when who wrote what over what."""

    stored: list[tuple[float, str, int, int]] = field(default_factory=list)
    left: object = None
    crashes: int = 0
    fenced: int = 0
    cut: int = 0


class Worker:
    """Writes into each due incident's document when the lease was taken under which it was written."""

    def __init__(self, process: Process, server: MemoryServer, day: Day, *, fencing: bool) -> None:
        redis = SimRedis(server, process)
        self._day = day
        self._process = process
        self._fencing = fencing
        self._queue = WorkQueue(redis, "dirty", LASTS)
        self._leases = Leases(redis, "slack", LASTS, process.monotonic)
        self._surfaces = document_kinds.surfaces(redis)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                due = await self._queue.take(self._leases)
                if isinstance(due, Due) and due.lease is not None:
                    await self._work(due, due.lease)
                else:
                    await self._queue.wait(2.0)
            except StoreDown:
                self._day.cut += 1
            except FencedOff:
                self._day.fenced += 1

    async def _work(self, due: Due, lease: Lease) -> None:
        await lease.check(1.0)
        await self._write(due, lease)
        await self._queue.finish(due)

    async def _write(self, due: Due, lease: Lease) -> None:
        before = [0]

        def rule(surface: SlackState) -> SlackState:
            before.append(int(surface.generation or 0))
            return replace(surface, generation=str(due.at_ms))

        await self._surfaces.change(due.incident, rule, lease if self._fencing else None)
        self._day.stored.append((self._process.monotonic(), self._process.name, before[-1], due.at_ms))


def faults(rng: Random) -> Iterator[Fault]:
    """Plan what goes wrong in the first life of a process."""
    for _ in range(rng.randint(1, 4)):
        yield Fault(rng.randrange(60), rng.choice(WHATS), rng.uniform(1.0, 12.0))  # type: ignore[arg-type]  # one of What


def play(seed: int, *, fencing: bool = True) -> Day:
    """Let two workers have a day."""
    day = Day()
    rng = Random(seed)  # noqa: S311 -- a day that can be played again

    async def keep(server: MemoryServer, name: str) -> None:
        planned = list(faults(rng))
        while True:
            process = Process(name, rng, planned)
            await process.run(Worker(process, server, day, fencing=fencing).run)
            day.crashes += 1
            planned = []
            await asyncio.sleep(rng.uniform(0.1, 3.0))

    async def main() -> None:
        server = MemoryServer(asyncio.get_running_loop().time, 1_700_000_000_000)
        monitoring = Process("monitoring", rng)
        queue = WorkQueue(SimRedis(server, monitoring), "dirty", LASTS)
        async with asyncio.TaskGroup() as group:
            keepers = [group.create_task(keep(server, name)) for name in ("one", "two")]
            for incident in INCIDENTS * 4:
                await monitoring.run(lambda incident=incident: queue.mark(incident))  # type: ignore[misc]  # its default
                await asyncio.sleep(rng.uniform(0.0, 4.0))
            await asyncio.sleep(25.0)
            for keeper in keepers:
                keeper.cancel()
        day.left = server.execute("ZCARD", keys.of_queue("dirty", "due"))

    VirtualLoop().run(main, until=300.0)
    return day


def good(day: Day) -> bool:
    """Tell whether everything was worked on, and no old owner has written over a newer one."""
    return day.left == 0 and all(before <= written for _, _, before, written in day.stored)


def test_two_workers_that_crash_and_sleep_keep_the_promises_of_the_store() -> None:
    """On each of these days all work is done, and a worker that was fenced off never overwrites its successor."""
    days = [play(seed) for seed in range(SEEDS)]

    assert all(map(good, days))
    assert min(sum(day.crashes for day in days), sum(day.fenced for day in days), sum(day.cut for day in days)) > 10


def test_without_the_fencing_token_the_same_days_go_wrong() -> None:
    """The days are bad enough: without the token some owner who overslept writes over his successor."""
    assert not all(good(play(seed, fencing=False)) for seed in range(SEEDS))


def test_a_day_can_be_played_again() -> None:
    """The same seed gives the same day, to the microsecond; only the fencing tokens begin anywhere."""
    first, second = play(7), play(7)

    assert [(at, who) for at, who, *_ in first.stored] == [(at, who) for at, who, *_ in second.stored]
    assert replace(first, stored=[]) == replace(second, stored=[])
