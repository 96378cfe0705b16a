"""The product's own client on the simulated Redis: the same promises, kept in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest
from redis.exceptions import ConnectionError as ConnectionBroken

from shared.access.identity import LINK_KEPT, IdentityCache
from shared.durations import Durations
from shared.errors import StoreDown
from shared.model.ids import ChannelId, IncidentId, SlackUserId
from shared.store import keys
from shared.store.channel_index import OpenIncidents
from shared.store.clock import StoreClock, init_generation
from shared.store.coordination import SharedTokenBuckets
from shared.store.durability import probe
from shared.store.streams import Inbox, append
from tests.proof.engine.connection import KIND, SimRedis
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.engine.process import Fault, Process, What
from tests.proof.engine.virtual_loop import VirtualLoop

EPOCH_MS = 1_700_000_000_000
DURATIONS = Durations(block=2.0, claim_idle=5.0)
FIELDS = {"body": b"1"}


class Store:
    """A server and the client of one process on it."""

    def __init__(self, *faults: Fault) -> None:
        self.server = MemoryServer(asyncio.get_running_loop().time, EPOCH_MS)
        self.process, self.redis = self.client("one", *faults)

    def client(self, name: str, *faults: Fault) -> tuple[Process, SimRedis]:
        """Make a client of another process."""
        process = Process(name, Random(name), faults)  # noqa: S311 -- reproducible
        return process, SimRedis(self.server, process)

    def inbox(self, consumer: str = "one") -> Inbox:
        """Read the events."""
        return Inbox(self.redis, self.redis, keys.EVENTS, consumer, DURATIONS)

    async def append(self) -> str:
        """Append an event."""
        return await append(self.redis, keys.EVENTS, FIELDS, wait_for_disk=True)


def on_store(body: Callable[[Store], Coroutine[Any, Any, None]], *faults: Fault) -> None:
    """Run a test's coroutine in the process of a store's client."""

    async def main() -> None:
        store = Store(*faults)
        await store.process.run(lambda: body(store))

    VirtualLoop().run(main, until=1000.0)


def test_what_the_store_remembers() -> None:
    """Caches, indices, budgets, the clock and the generation work on it as they are."""

    async def body(store: Store) -> None:
        links, opened, budgets = IdentityCache(store.redis), OpenIncidents(store.redis), SharedTokenBuckets(store.redis)
        await links.remember(keys.link(SlackUserId("U1")), "P1", LINK_KEPT)
        await opened.put(IncidentId("Q1"), [ChannelId("C1")], 5)
        await opened.put(IncidentId("Q2"), [ChannelId("C1")], 6)
        born = await init_generation(store.redis)

        assert (await probe(store.redis)).fsync
        assert await opened.shown_in(ChannelId("C1")) == ["Q2", "Q1"]
        assert await links.recall(keys.link(SlackUserId("U1"))) == "P1"
        assert [await budgets.take([("post", 1.0, 0.5)]) > 0 for _ in range(2)] == [False, True]
        assert born == await init_generation(store.redis)
        await asyncio.sleep(LINK_KEPT)
        assert await links.recall(keys.link(SlackUserId("U1"))) is None
        assert 0 <= await StoreClock(store.redis, store.process.monotonic).now_ms() - EPOCH_MS - LINK_KEPT * 1000 < 100

    on_store(body)


def test_a_blocking_read_waits_and_wakes() -> None:
    """A read of an empty stream waits as long as it says, and not a moment longer than until an entry comes."""

    async def body(store: Store) -> None:
        inbox, now = store.inbox(), store.process.monotonic
        await inbox.open()
        assert await inbox.batch() == []
        assert 2.0 < now() < 2.1
        appending = store.process.start(lambda: _after(1.0, store.append))
        found = await inbox.batch()
        assert [entry.id for entry in found] == [await appending]
        assert found[0].fields == FIELDS
        assert 3.0 < now() < 3.1

    on_store(body)


def test_what_a_dead_worker_held_comes_to_another() -> None:
    """An entry that was read and not done is taken over after its time, exactly once, and done for good."""

    async def body(store: Store) -> None:
        first, second = store.inbox(), store.inbox("two")
        await first.open()
        await store.append()
        assert len(await first.batch()) == 1
        await asyncio.sleep(4.0)
        assert await second.batch() == []
        await asyncio.sleep(4.0)
        taken = await second.batch()
        assert len(taken) == 1
        await second.ack(taken[0])
        await second.dead_letter(taken[0], "a test")
        assert store.server.execute("XLEN", keys.EVENTS) == 0
        assert store.server.execute("XLEN", keys.DEAD_LETTERS) == 1

    on_store(body)


@pytest.mark.parametrize(("what", "stored"), [("fail_before", 0), ("fail_after", 1), ("fail_late", 1)])
def test_a_lost_answer_is_a_store_that_is_down(what: What, stored: int) -> None:
    """A command fails as it would on the wire, whether or not it was carried out, and the next one works."""

    async def body(store: Store) -> None:
        with pytest.raises(StoreDown) as caught:
            await store.redis.hincrby("h", "n")
        assert isinstance(caught.value.__cause__, ConnectionBroken)
        await asyncio.sleep(2.0)
        assert await store.redis.hincrby("h", "n") == stored + 1

    on_store(body, Fault(0, what, 1.0, KIND))


def test_an_append_is_refused_when_its_disk_cannot_be_asked() -> None:
    """An append whose connection breaks before the disk has confirmed counts as not stored, though it may be there."""

    async def body(store: Store) -> None:
        with pytest.raises(StoreDown):
            await store.append()
        assert store.server.execute("XLEN", keys.EVENTS) == 1

    on_store(body, Fault(2, "fail_before", kind=KIND))


def test_an_outage_breaks_what_is_under_way_and_refuses_the_rest() -> None:
    """While the server is away everything fails, blocking reads at once; afterwards the data are still there."""

    async def body(store: Store) -> None:
        await store.inbox().open()
        reading = store.process.start(lambda: _caught(_read(store.inbox())))
        await asyncio.sleep(1.0)
        store.server.go_away()
        assert isinstance(await _caught(store.append()), StoreDown)
        assert isinstance(await reading, StoreDown)
        assert store.process.monotonic() < 1.1
        store.server.come_back()
        await store.append()
        assert len(await _read(store.inbox())) == 1

    on_store(body)


def test_a_server_that_lost_its_data_is_used_again() -> None:
    """Group, scripts and entries are gone; the product makes its group and loads its scripts anew."""

    async def body(store: Store) -> None:
        inbox = store.inbox()
        await inbox.open()
        await store.append()
        entry = (await _read(inbox))[0]
        await inbox.ack(entry)
        store.server.lose_data()
        assert await _read(inbox) == []
        await store.append()
        await inbox.ack((await _read(inbox))[0])
        assert store.server.execute("XLEN", keys.EVENTS) == 0

    on_store(body)


def test_those_who_wait_are_served_in_turn() -> None:
    """Of two blocked readers each gets one entry, the first to come first; one that has died gets none."""

    async def main() -> None:
        store = Store()
        others = [store.client(name) for name in ("two", "three", "four")]
        await store.process.run(store.inbox().open)
        reading = []
        for process, redis in others:
            inbox = Inbox(redis, redis, keys.EVENTS, process.name, DURATIONS)
            reading.append(process.start(lambda inbox=inbox: _read(inbox)))  # type: ignore[misc]  # its default
            await asyncio.sleep(0.1)
        others[0][0].crash()
        await asyncio.sleep(0)
        added = [await store.process.run(store.append) for _ in range(2)]
        assert [[entry.id for entry in await read] for read in reading[1:]] == [[added[0]], [added[1]]]

    VirtualLoop().run(main, until=10.0)


def test_a_command_that_is_not_simulated_is_an_error_of_the_simulation() -> None:
    """It is not mistaken for a store that is down."""

    async def body(store: Store) -> None:
        with pytest.raises(NotImplementedError, match="PFADD"):
            await store.redis.pfadd("a", "b")

    on_store(body)


async def _after(seconds: float, then: Callable[[], Coroutine[Any, Any, str]]) -> str:
    await asyncio.sleep(seconds)
    return await then()


async def _read(inbox: Inbox) -> list[Any]:
    return await inbox.batch()


async def _caught(call: Coroutine[Any, Any, object]) -> object:
    """Give the result of a call, or its error."""
    try:
        return await call
    except StoreDown as error:
        return error
