"""One connection for all quick calls: a packet for a turn of the loop, each reply to its own call, one end for all."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.errors import StoreDown
from shared.store.redis import Redis, connect
from tests.shared.store.wire import EVERY, SHORT, Wire, wired


@pytest.fixture
async def way(valkey: EmbeddedValkey) -> AsyncIterator[tuple[Wire, Redis]]:
    """Connect over a wire that can be watched and spoiled."""
    async with wired(valkey) as made:
        yield made


async def test_what_is_asked_at_once_leaves_at_once(way: tuple[Wire, Redis]) -> None:
    """A hundred calls of one turn share a connection and a packet, and each gets its own reply."""
    wire, redis = way
    await redis.ping()
    packets = wire.packets

    found = await asyncio.gather(*(redis.execute_command("ECHO", str(number)) for number in range(100)))

    assert [str(number).encode() for number in range(100)] == found
    assert (1, 1) == (wire.connections, wire.packets - packets)


async def test_a_call_that_was_given_up_leaves_its_reply_to_nobody(way: tuple[Wire, Redis]) -> None:
    """Whoever stops waiting, before or after the call has left, shifts no reply to the next caller."""
    _, redis = way
    await redis.ping()
    for ticks in range(8):
        async with asyncio.TaskGroup() as group:
            given_up = group.create_task(redis.execute_command("ECHO", "first"))
            for _ in range(ticks):
                await asyncio.sleep(0)
            given_up.cancel()

        assert b"second" == await redis.execute_command("ECHO", "second")


async def test_a_reply_that_does_not_come_fails_all_behind_it(way: tuple[Wire, Redis]) -> None:
    """Each may have been carried out; none is sent again, and the next call has a new connection."""
    wire, redis = way
    await redis.ping()
    wire.mute = 1
    begun = time.monotonic()

    failed = await asyncio.gather(*(redis.incr(f"n{number}") for number in range(50)), return_exceptions=True)

    assert all(isinstance(error, StoreDown) and "no reply within" in str(error) for error in failed)
    assert SHORT * 0.9 < time.monotonic() - begun < SHORT * 10
    assert 50 == wire.sent.count(b"INCR")
    assert 2 == await redis.incr("n0")
    assert 2 == wire.connections


async def test_a_connection_that_breaks_fails_what_is_under_way(way: tuple[Wire, Redis]) -> None:
    """A server that closes the connection fails every call without its reply, at once."""
    wire, redis = way
    await redis.ping()
    wire.mute = EVERY
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(_failure(redis)) for _ in range(5)]
        while wire.sent.count(b"INCR") < len(calls):  # noqa: ASYNC110 -- the wire has no event for it
            await asyncio.sleep(0.001)
        wire.cut()

    assert all("closed" in call.result() for call in calls)


async def test_those_who_wait_for_a_connection_share_its_failure() -> None:
    """A server that cannot be reached keeps nobody longer than one attempt takes, however many ask."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        redis = connect(f"redis://:secret@127.0.0.1:{silent.getsockname()[1]}", timeout=SHORT)
        begun = time.monotonic()

        await asyncio.gather(*(_failure(redis) for _ in range(50)))

        assert time.monotonic() - begun < 10 * SHORT
        await redis.aclose()


async def test_one_that_gives_up_while_it_connects_fails_no_other(valkey: EmbeddedValkey) -> None:
    """The first caller is cancelled while it makes the connection; those behind it are served."""
    for ticks in range(6):
        redis = connect(valkey.url)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(redis.execute_command("ECHO", "gone"))
            second = group.create_task(redis.execute_command("ECHO", "here"))
            for _ in range(ticks):
                await asyncio.sleep(0)
            first.cancel()
            with suppress(asyncio.CancelledError):
                await first
            assert b"here" == await second
        await redis.aclose()


async def test_a_name_and_a_database_are_those_of_the_address(valkey: EmbeddedValkey) -> None:
    """What the address says of the session holds for the shared connection too."""
    redis = connect(f"{valkey.url}?db=3&client_name=mine")
    await redis.set("k", "v")

    assert "mine" == await redis.client_getname()
    assert {"db3"} == set(await redis.info("keyspace"))
    await redis.aclose()


async def _failure(redis: Redis) -> str:
    with pytest.raises(StoreDown) as raised:
        await redis.incr("n")
    return str(raised.value)
