"""Writes that are made one after the other over a connection of their own: each is sent once, none over a dead one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.errors import StoreDown
from shared.store.multiplexer import ALIVE_TIMEOUT, SharedConnection
from shared.store.redis import Redis, connect
from shared.store.streams import append
from tests.servers import can_wait_for_disk
from tests.shared.store.wire import EVERY, SHORT, Wire, wired


@pytest.fixture
async def way(valkey: EmbeddedValkey) -> AsyncIterator[tuple[Wire, Redis]]:
    """Connect one writer over a wire that can be watched and spoiled."""
    async with wired(valkey) as (wire, _):
        client = connect(wire.url, timeout=SHORT, one_writer=True)
        yield wire, client
        await client.aclose()


async def _write(redis: Redis) -> str:
    return await append(redis, "s", {"body": b"x"}, wait_for_disk=await can_wait_for_disk(redis))


def _connection(redis: Redis) -> SharedConnection:
    assert redis.writing is not None
    assert redis.writing._current is not None
    return redis.writing._current


async def _until_idle(redis: Redis) -> None:
    async with asyncio.timeout(10):
        while not _connection(redis).lay_idle:  # noqa: ASYNC110 -- time has no event
            await asyncio.sleep(0.01)


async def test_writes_in_a_row_are_nothing_but_writes(way: tuple[Wire, Redis]) -> None:
    """No PING is sent before a write if the connection has replied within `ALIVE_TIMEOUT`."""
    wire, redis = way
    for _ in range(5):
        await append(redis, "s", {"body": b"x"}, wait_for_disk=False)

    assert (5, 5, 1) == (wire.sent.count(b"XADD"), wire.packets, wire.connections)


async def test_a_write_whose_reply_is_lost_is_not_made_again(way: tuple[Wire, Redis]) -> None:
    """It fails, as it may have been carried out, and the next one goes over a new connection."""
    wire, redis = way
    await append(redis, "s", {"body": b"x"}, wait_for_disk=False)
    wire.mute = EVERY
    with pytest.raises(StoreDown):
        await append(redis, "s", {"body": b"x"}, wait_for_disk=False)
    wire.mute = wire.connections
    await append(redis, "s", {"body": b"x"}, wait_for_disk=False)

    assert 3 == wire.sent.count(b"XADD")


async def test_a_connection_that_fell_silent_is_replaced_before_a_write(way: tuple[Wire, Redis]) -> None:
    """One that lay idle, and that some box on the way has forgotten, fails no write."""
    wire, redis = way
    await append(redis, "s", {"body": b"x"}, wait_for_disk=False)
    await _until_idle(redis)
    wire.mute = wire.connections
    await append(redis, "s", {"body": b"x"}, wait_for_disk=False)

    assert (2, 2) == (wire.sent.count(b"XADD"), wire.connections)


async def test_a_connection_that_was_closed_is_replaced_before_a_write(way: tuple[Wire, Redis]) -> None:
    """A server may close it; what is written after that is sent once, over a new one."""
    wire, redis = way
    for _ in range(3):
        await append(redis, "s", {"body": b"x"}, wait_for_disk=False)
        before = _connection(redis)
        wire.cut()
        async with asyncio.timeout(10):
            while before.usable:  # noqa: ASYNC110 -- the connection has no event for it
                await asyncio.sleep(0.001)

    assert (3, 3) == (wire.sent.count(b"XADD"), wire.connections)


async def test_a_write_that_takes_long_is_not_ended_by_the_next(valkey: EmbeddedValkey) -> None:
    """A connection on which a reply is awaited does not lie idle: a write that comes meanwhile waits behind it."""
    redis, other = connect(valkey.url, timeout=30, one_writer=True), connect(valkey.url)
    await append(redis, "s", {"body": b"x"}, wait_for_disk=False)
    before = _connection(redis)
    await other.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(append(redis, "s", {"body": b"x"}, wait_for_disk=False))
        while not before._waiting or before._loop.time() - before._replied < ALIVE_TIMEOUT:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.01)
        assert not before.lay_idle
        group.create_task(append(redis, "s", {"body": b"x"}, wait_for_disk=False))
        await other.execute_command("CLIENT", "UNPAUSE")

    assert before is _connection(redis)
    assert 3 == await other.xlen("s")
    await redis.aclose()
    await other.aclose()


async def test_writes_at_once_are_all_made(way: tuple[Wire, Redis]) -> None:
    """Several that come together share the connection and have each its own reply."""
    _, redis = way
    entries = await asyncio.gather(*(_write(redis) for _ in range(10)))

    assert 10 == len(set(entries)) == await redis.xlen("s")
