"""The clock of the store jumps by hours: what was to come within a moment comes within a moment all the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pagebridge_sandbox.store_clock import StoreClock as Clock
from shared.model.ids import IncidentId
from shared.store.coordination import Due, Leases, SharedTokenBuckets, WorkQueue
from shared.store.redis import Redis, connect
from tests.clocks import HOUR, NEEDED, stepping

pytestmark = NEEDED

ONE, OTHER = IncidentId("PONE001"), IncidentId("POTHER1")
SOON = 5.0
"""Seconds within which it must come."""


@dataclass(frozen=True)
class Store:
    """A server and its clock."""

    redis: Redis
    clock: Clock

    async def put_back(self) -> None:
        """Put the clock back by an hour, and wait until it shows that."""
        before, _ = await self.redis.time()
        self.clock.put(-HOUR)
        await soon(lambda: self._shows_less_than(before))

    async def put_right(self) -> None:
        """Put the clock right again, and wait until it shows that."""
        before, _ = await self.redis.time()
        self.clock.put(0)
        await soon(lambda: self._shows_more_than(before + HOUR // 2))

    async def _shows_more_than(self, seconds: int) -> bool:
        return int((await self.redis.time())[0]) > seconds

    async def _shows_less_than(self, seconds: int) -> bool:
        return int((await self.redis.time())[0]) < seconds


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Run one whose clock is right, as yet."""
    async with stepping(tmp_path) as (server, clock), connect(server.url) as redis:
        yield Store(redis, clock)


async def soon(call: Callable[[], Awaitable[object]]) -> object:
    """Call until something comes of it."""
    async with asyncio.timeout(SOON):
        while not (found := await call()):  # noqa: ASYNC110 -- a server has no event for it
            await asyncio.sleep(0.02)
    return found


async def test_a_clock_that_is_put_back_holds_nothing_up(store: Store) -> None:
    """Work that is to be done, work and a lease that a dead worker had, a call to Slack: none waits for an hour."""
    queue, leases, budgets = (
        WorkQueue(store.redis, "dirty", 0.2),
        Leases(store.redis, "slack", 0.2),
        SharedTokenBuckets(store.redis),
    )
    await queue.mark(ONE)
    assert isinstance(await queue.take(), Due)
    await queue.mark(OTHER, 0.2)
    held = await leases.take(ONE)
    limits = [("chat.postMessage", 0.1, 0.0)]
    assert 0 == await budgets.take(limits)

    await store.put_back()

    taken: set[IncidentId] = set()

    async def both() -> bool:
        due = await queue.take()
        if isinstance(due, Due):
            taken.add(due.incident)
            await queue.finish(due)
        return taken == {ONE, OTHER}

    await soon(both)
    again = await soon(lambda: leases.take(ONE))
    assert held is not None
    assert again is not None

    async def free() -> bool:
        return await budgets.take(limits) == 0

    await soon(free)


async def test_a_small_step_back_is_made_good(store: Store) -> None:
    """What was not due yet keeps its distance, be it minutes: it becomes due neither much later nor much earlier."""
    queue = WorkQueue(store.redis, "dirty", 1.0)
    await queue.mark(ONE, 60)
    await queue.take()

    await store.put_back()

    left = await queue.take()
    assert isinstance(left, float)
    assert 50 < left < 62


async def test_what_was_marked_just_before_the_step_is_due_at_once(store: Store) -> None:
    """The first work of a queue, and work after a long rest: nobody has taken anything since it was marked."""
    queue = WorkQueue(store.redis, "commands", 60.0)
    for incident in (ONE, OTHER):
        await queue.mark(incident)

        await store.put_back()

        due = await queue.take()
        assert isinstance(due, Due)
        assert incident == due.incident
        await queue.finish(due)
        await store.put_right()


async def test_what_is_asked_for_right_after_the_step_keeps_its_distance(store: Store) -> None:
    """Marked or put off before anybody has noticed the step: due neither much later nor at once."""
    queue = WorkQueue(store.redis, "dirty", 60.0)
    await queue.mark(ONE)
    due = await queue.take()
    assert isinstance(due, Due)

    await store.put_back()
    await queue.mark(OTHER, 40)
    await queue.finish(due, 50)

    left = await queue.take()
    assert isinstance(left, float)
    assert 30 < left < 42


async def test_an_empty_queue_does_not_remember_the_clock_before(store: Store) -> None:
    """The clock was put back while nothing waited: what is marked then keeps its distance."""
    queue = WorkQueue(store.redis, "dirty", 60.0)
    await queue.mark(ONE)
    due = await queue.take()
    assert isinstance(due, Due)
    await queue.finish(due)

    await store.put_back()
    await queue.mark(OTHER, 40)

    left = await queue.take()
    assert isinstance(left, float)
    assert 30 < left < 42
