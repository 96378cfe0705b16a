"""The connection to a real server: one call on the wire per call of ours, one error, and appends that are on disk."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from redis.exceptions import NoScriptError, ResponseError

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.errors import StoreDown
from shared.store.durability import probe
from shared.store.redis import Redis, connect
from shared.store.streams import append
from tests.servers import can_wait_for_disk
from tests.shared.store.wire import EVERY, SHORT, wired

PATIENCE = 30.0
"""Seconds that the last of many calls may wait for the others on a busy machine."""
FIELDS = {"body": b"\x00\xff raw", "v": b"1"}


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Connect to it."""
    client = connect(valkey.url)
    yield client
    await client.aclose()


@pytest.fixture
async def disk(redis: Redis) -> bool:
    """Tell whether this server can confirm that something is on its disk."""
    return await can_wait_for_disk(redis)


@pytest.fixture
def confirming(*, disk: bool) -> None:
    """Leave out servers that cannot confirm."""
    if not disk:
        pytest.skip("this server cannot tell what is on its disk")


async def stuck(pid: int, call: Callable[[], Awaitable[object]]) -> float:
    """Freeze the server during a call, and return how many seconds the call took to fail."""
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(StoreDown):
            await call()
        return time.monotonic() - begun
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("wait_for_disk", [True, False])
async def test_an_entry_arrives_byte_for_byte(redis: Redis, *, disk: bool, wait_for_disk: bool) -> None:
    """What is appended is on the stream, under the id that was returned."""
    entry = await append(redis, "s", FIELDS, wait_for_disk=wait_for_disk and disk)

    assert [(entry.encode(), {b"body": b"\x00\xff raw", b"v": b"1"})] == await redis.xrange("s")


async def test_a_confirmed_entry_survives_a_crash(valkey: EmbeddedValkey, redis: Redis, *, disk: bool) -> None:
    """What was appended with the disk's word for it is there after kill -9 of the server."""
    if not disk:
        # Without WAITAOF only `always` makes the reply the disk's word: a busy disk postpones everything else.
        await redis.config_set("appendfsync", "always")
    for _ in range(20):
        await append(redis, "s", FIELDS, wait_for_disk=disk)
    await valkey.kill()
    await valkey.start()

    assert 20 == await redis.xlen("s")


@pytest.mark.usefixtures("confirming")
async def test_waiting_for_the_disk_takes_no_tenth_of_a_second(redis: Redis) -> None:
    """The disk is asked in a packet of its own; in one with the append the server would leave it for its timer."""
    took = []
    for _ in range(10):
        begun = time.monotonic()
        await append(redis, "s", FIELDS, wait_for_disk=True)
        took.append(time.monotonic() - begun)

    # One that is left for the timer begins just after it has gone off; a busy machine slows some, and hardly all.
    assert min(took) < 0.05


async def test_an_append_is_sent_exactly_once(valkey: EmbeddedValkey, *, disk: bool) -> None:
    """A reply that is lost makes the append fail; it does not make it happen again."""
    async with wired(valkey) as (wire, client):
        await append(client, "s", FIELDS, wait_for_disk=disk)
        assert (1, 1) == (wire.sent.count(b"XADD"), wire.connections)

        wire.mute = EVERY
        with pytest.raises(StoreDown):
            await append(client, "s", FIELDS, wait_for_disk=disk)
        assert 2 == wire.sent.count(b"XADD")


async def test_a_command_is_sent_exactly_once(valkey: EmbeddedValkey) -> None:
    """Nothing else is repeated behind our back either."""
    async with wired(valkey) as (wire, client):
        await client.ping()
        wire.mute = EVERY
        with pytest.raises(StoreDown):
            await client.incr("n")

        assert 1 == wire.sent.count(b"INCR")


async def test_an_idle_connection_that_was_closed_fails_nothing(valkey: EmbeddedValkey, *, disk: bool) -> None:
    """A server may close idle connections; the next append makes a new one and is still sent once."""
    async with wired(valkey) as (wire, client):
        for _ in range(3):
            await append(client, "s", FIELDS, wait_for_disk=disk)
            wire.cut()

        assert (3, 3) == (wire.sent.count(b"XADD"), wire.connections)


async def test_an_idle_connection_that_fell_silent_fails_nothing(valkey: EmbeddedValkey, *, disk: bool) -> None:
    """A connection that some box on the way has forgotten is replaced before the append is sent."""
    async with wired(valkey) as (wire, client):
        await append(client, "s", FIELDS, wait_for_disk=disk)
        wire.mute = 1
        await append(client, "s", FIELDS, wait_for_disk=disk)

        assert (2, 2) == (wire.sent.count(b"XADD"), wire.connections)


async def test_a_dead_server_is_store_down(valkey: EmbeddedValkey, redis: Redis, *, disk: bool) -> None:
    """A server that is gone fails every call at once, in our words, and is used again once it is back."""
    await append(redis, "s", FIELDS, wait_for_disk=disk)
    await valkey.kill()

    for call in (lambda: append(redis, "s", FIELDS, wait_for_disk=disk), redis.ping, lambda: probe(redis)):
        with pytest.raises(StoreDown):
            await call()
    await valkey.start()
    await append(redis, "s", FIELDS, wait_for_disk=disk)


async def test_a_frozen_server_is_store_down_within_seconds(
    valkey: EmbeddedValkey, redis: Redis, *, disk: bool
) -> None:
    """A server that answers nothing holds nobody up for long."""
    await append(redis, "s", FIELDS, wait_for_disk=disk)

    assert await stuck(valkey.pid, lambda: append(redis, "s", FIELDS, wait_for_disk=disk)) < 2.3


async def test_a_refused_append_is_store_down_and_leaves_no_reply_behind(redis: Redis, *, disk: bool) -> None:
    """A full memory is the store's trouble like any other; the connection is good for the next call."""
    await redis.config_set("maxmemory", "1")
    with pytest.raises(StoreDown, match="memory"):
        await append(redis, "s", FIELDS, wait_for_disk=disk)
    await redis.config_set("maxmemory", "0")

    await append(redis, "s", FIELDS, wait_for_disk=disk)
    assert 1 == await redis.xlen("s")


@pytest.mark.usefixtures("confirming")
async def test_a_disk_that_does_not_confirm_is_store_down(redis: Redis) -> None:
    """Without the disk's word the append has failed, though the entry is on the stream."""
    await redis.config_set("appendfsync", "no")

    with pytest.raises(StoreDown, match="disk"):
        await append(redis, "s", FIELDS, wait_for_disk=True)


async def test_replies_that_callers_act_upon_pass(redis: Redis) -> None:
    """A missing script or group is an answer, not a failure of the store."""
    await redis.xgroup_create("s", "g", id="0", mkstream=True)

    with pytest.raises(NoScriptError):
        await redis.evalsha("0" * 40, 0)
    with pytest.raises(ResponseError, match="BUSYGROUP"):
        await redis.xgroup_create("s", "g", id="0")
    with pytest.raises(ResponseError, match="NOGROUP"):
        await redis.xreadgroup("none", "c", {"s": ">"})
    with pytest.raises(StoreDown, match="WRONGTYPE"):
        await redis.get("s")


async def test_a_blocking_read_outlasts_the_time_out_of_quick_calls(valkey: EmbeddedValkey) -> None:
    """The client for reads that wait does wait, and finds nothing instead of failing."""
    async with wired(valkey) as (_, quick):
        blocking = connect(valkey.url, blocking=True)
        begun = time.monotonic()
        assert not await blocking.xread({"s": "$"}, block=500)
        assert time.monotonic() - begun > SHORT
        with pytest.raises(StoreDown):
            await quick.xread({"s": "$"}, block=500)
        await blocking.aclose()


async def test_a_server_that_cannot_confirm_is_told_as_such(redis: Redis, *, disk: bool) -> None:
    """Redis has WAITAOF from 7.2 on: with an older one the probe says what that means, and appends work without."""
    found = await probe(redis)

    assert disk == found.fsync
    assert disk == ("cannot tell what is on its disk" not in found.why_not)
    assert await append(redis, "s", FIELDS, wait_for_disk=found.fsync)


@pytest.mark.usefixtures("confirming")
async def test_the_probe_tells_what_is_in_force(redis: Redis) -> None:
    """AOF on means fsync; without it, or with a disk that never confirms, the reason is given."""
    assert (True, "", False) == ((found := await probe(redis)).fsync, found.why_not, found.evicts)

    await redis.config_set("appendfsync", "no")
    assert "appendfsync" in (await probe(redis)).why_not
    await redis.config_set("appendfsync", "everysec")
    await redis.config_set("appendonly", "no")
    assert "appendonly" in (await probe(redis)).why_not
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    assert (await probe(redis)).evicts


async def test_the_probe_needs_no_rights_but_to_append(valkey: EmbeddedValkey, redis: Redis, *, disk: bool) -> None:
    """A user that may not read the server's settings still finds out about the disk."""
    rights = ["reset", "on", ">pw", "resetchannels", "~s", "-@all", "+ping", "+xadd"] + ["+waitaof"] * disk
    await redis.execute_command("ACL", "SETUSER", "receiver", *rights)
    client = connect(valkey.url.replace("unix://", "unix://receiver@") + "?password=pw")

    found = await probe(client)
    await append(client, "s", FIELDS, wait_for_disk=found.fsync)
    assert (disk, "", False) == (found.fsync, found.eviction, found.evicts)
    with pytest.raises(StoreDown):
        await append(client, "other", FIELDS, wait_for_disk=False)
    with pytest.raises(StoreDown):
        await client.xrange("s")
    await client.aclose()


async def test_a_burst_waits_for_connections_instead_of_failing(valkey: EmbeddedValkey, *, disk: bool) -> None:
    """Many appends at once share a few connections, and each of them is stored."""
    patient = connect(valkey.url, timeout=PATIENCE)

    await asyncio.gather(*(append(patient, "s", FIELDS, wait_for_disk=disk) for _ in range(200)))

    assert 200 == await patient.xlen("s")
    await patient.aclose()


@pytest.mark.parametrize("what", ["ping", "append"])
async def test_a_cancellation_is_never_lost(redis: Redis, what: str) -> None:
    """A task that is told to end while it talks to Redis ends, at whatever moment the word comes."""

    async def for_ever() -> None:
        while True:
            with suppress(StoreDown):
                await (redis.ping() if what == "ping" else append(redis, "s", FIELDS, wait_for_disk=True))

    await redis.ping()
    for ticks in range(60):
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            task = group.create_task(for_ever())
            for _ in range(ticks):
                await asyncio.sleep(0)
            task.cancel()


async def test_a_time_out_is_never_lost(redis: Redis) -> None:
    """A caller's own time limit holds, whichever part of the call it falls into."""

    async def ping_for(seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while True:
                await redis.ping()

    for number in range(100):
        with pytest.raises(TimeoutError):
            await ping_for(number / 100_000)
