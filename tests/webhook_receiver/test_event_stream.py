"""When Redis is in trouble, and how durable 202 is."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import aiohttp
import pytest
from structlog.testing import capture_logs

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.errors import WrongLayout
from shared.store import keys
from shared.store.redis import Redis
from tests.servers import CONFIRMING
from tests.webhook_receiver.running import PATIENCE, PATIENT, QUICK, Running, running, stored, storing, until

IN_TIME = 4.0
"""Seconds within which a delivery that cannot be stored is answered; PagerDuty gives up after 5."""


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Stop a process without ending it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def answered(receiver: Running) -> tuple[int, float]:
    """Deliver, and return the answer and the seconds it took."""
    begun = time.monotonic()
    return await receiver.deliver(), time.monotonic() - begun


async def durability(receiver: Running) -> dict[str, str]:
    """Read what the admin port tells about durability."""
    found: dict[str, str] = json.loads((await receiver.get("/readyz", admin=True))[1])["durability"]
    return found


async def test_nothing_is_accepted_while_redis_is_dead(valkey: EmbeddedValkey, redis: Redis, receiver: Running) -> None:
    """PagerDuty hears 503 at once and will come again; once Redis is back, so are we, with all that was accepted."""
    assert 202 == await receiver.deliver()
    await valkey.kill()

    status, seconds = await answered(receiver)
    assert 503 == status
    assert seconds < IN_TIME
    await receiver.until_ready(503)
    assert 200 == (await receiver.get("/healthz"))[0]

    await valkey.start()
    await receiver.until_ready(200)
    assert 202 == await receiver.deliver()
    assert 2 == len(await stored(redis))


async def test_nothing_is_accepted_while_redis_is_frozen(valkey: EmbeddedValkey, receiver: Running) -> None:
    """A Redis that does not answer costs the delivery no more than PagerDuty's patience."""
    assert 202 == await receiver.deliver()
    with frozen(valkey.pid):
        status, seconds = await answered(receiver)

    assert 503 == status
    assert seconds < IN_TIME
    await receiver.until_ready(200)
    assert 202 == await receiver.deliver()


async def test_a_first_delivery_to_a_frozen_redis_is_answered_in_time(valkey: EmbeddedValkey) -> None:
    """Without a connection from before it takes no longer."""
    async with running(valkey.url + "?db=0") as receiver:
        await valkey.kill()
        await valkey.start()
        with frozen(valkey.pid):
            status, seconds = await answered(receiver)

    assert 503 == status
    assert seconds < IN_TIME


async def test_what_waits_behind_a_write_is_answered_in_time(valkey: EmbeddedValkey, redis: Redis) -> None:
    """While a write hangs, what it writes and what came after it are each refused in time, and later ones are taken."""
    async with running(valkey.url, limits=replace(PATIENT, store=0.5)) as receiver:
        await redis.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
        async with asyncio.TaskGroup() as group:
            written = group.create_task(answered(receiver))
            await until(lambda: storing(redis), "the first delivery to be in Redis's hands")
            behind = [group.create_task(answered(receiver)) for _ in range(3)]
        await redis.execute_command("CLIENT", "UNPAUSE")
        assert 202 == await receiver.deliver()

    for status, seconds in (written.result(), *(one.result() for one in behind)):
        assert 503 == status
        assert 0.4 < seconds < IN_TIME


async def test_a_receiver_may_start_before_redis(valkey: EmbeddedValkey) -> None:
    """Without Redis the receiver serves all the same, and says 503 until it can store."""
    await valkey.stop()
    async with running(valkey.url) as receiver:
        assert [503, 503] == [await receiver.deliver(), (await receiver.get("/readyz"))[0]]
        status, details = await receiver.get("/readyz", admin=True)
        assert 503 == status
        assert json.loads(details)["redis"].startswith("Redis: ")

        await valkey.start()
        await receiver.until_ready(200)
        assert 202 == await receiver.deliver()


async def test_a_full_redis_is_no_client_error(redis: Redis, receiver: Running) -> None:
    """A memory without room is our fault, so PagerDuty is asked to come again."""
    await redis.config_set("maxmemory", "1")
    assert 503 == await receiver.deliver()
    await redis.config_set("maxmemory", "0")
    assert 202 == await receiver.deliver()


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("CONFIG SET min-replicas-to-write 3", "CONFIG SET min-replicas-to-write 0"),
        ("ACL SETUSER default -rpush", "ACL SETUSER default +rpush"),
    ],
)
async def test_a_redis_that_takes_nothing_is_named_before_a_delivery_comes(
    valkey: EmbeddedValkey, redis: Redis, broken: str, mended: str
) -> None:
    """It answers: a replica, a full memory, rights taken away. Ready again as soon as it takes something."""
    async with running(valkey.url, limits=replace(QUICK, proof=0.1)) as receiver:
        await receiver.until_ready(200)
        await redis.execute_command(*broken.split())
        await receiver.until_ready(503)
        await redis.execute_command(*mended.split())
        await receiver.until_ready(200)


@CONFIRMING
async def test_a_disk_that_does_not_confirm_is_503(valkey: EmbeddedValkey, redis: Redis) -> None:
    """202 means on the disk: until the next look at Redis finds that out, an unconfirmed delivery is 503."""
    async with running(valkey.url, limits=replace(QUICK, probe=60.0)) as receiver:
        assert "fsync" == (await durability(receiver))["in_force"]
        await redis.config_set("appendfsync", "no")
        assert 503 == await receiver.deliver()


async def test_memory_durability_does_not_wait_for_the_disk(valkey: EmbeddedValkey, redis: Redis) -> None:
    """Who chooses `memory` gets 202 without the disk's word for it."""
    await redis.config_set("appendfsync", "no")
    async with running(valkey.url, durability="memory") as receiver:
        assert 202 == await receiver.deliver()
        assert {"wanted": "memory", "in_force": "memory"}.items() <= (await durability(receiver)).items()


@CONFIRMING
async def test_missing_durability_is_said_loudly(valkey: EmbeddedValkey, redis: Redis) -> None:
    """A Redis that cannot confirm is used for what it is worth, and log and details say what that is."""
    await redis.config_set("appendonly", "no")
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    with capture_logs() as logged:
        async with running(valkey.url) as receiver:
            assert 202 == await receiver.deliver()
            found = await durability(receiver)

    assert ("fsync", "memory", "allkeys-lru") == (found["wanted"], found["in_force"], found["maxmemory_policy"])
    assert "appendonly" in found["why_not"]
    warned = [entry["event"] for entry in logged if entry["log_level"] == "warning"]
    assert ["store.evicts", "store.not_durable"] == warned


@CONFIRMING
async def test_the_receiver_needs_no_rights_but_to_append(valkey: EmbeddedValkey, redis: Redis) -> None:
    """A Redis user that may append to the deliveries and read the layout's version is enough."""
    selectors = (f"(%W~{keys.DELIVERIES} -@all +rpush)", f"(%R~{keys.GENERATION} -@all +get)")
    rights = ("reset", "on", ">pw", "-@all", "+ping", "+hello", "+waitaof", *selectors)
    await redis.execute_command("ACL", "SETUSER", "receiver", *rights)
    url = valkey.url.replace("unix://", "unix://receiver@") + "?password=pw"
    async with running(url) as receiver:
        assert 202 == await receiver.deliver()
        found = await durability(receiver)

    assert ("fsync", "unknown") == (found["in_force"], found["maxmemory_policy"])
    assert 1 == len(await stored(redis))
    assert {"config|get"} == {entry["object"] for entry in await redis.acl_log()}


async def test_a_redis_that_does_not_let_us_in_is_no_client_error(valkey: EmbeddedValkey) -> None:
    """A wrong password for Redis is our fault as well."""
    async with running(valkey.url.replace("unix://", "unix://nobody@") + "?password=wrong") as receiver:
        assert 503 == await receiver.deliver()


async def deliver_into_another_layout(url: str, redis: Redis, answers: list[int]) -> None:
    """Deliver before and after another version has begun, and wait until the receiver ends."""
    async with asyncio.timeout(PATIENCE), running(url) as receiver:
        answers.append(await receiver.deliver())
        await redis.set(keys.GENERATION, "1:0123456789abcdef:1700000000000")
        with suppress(aiohttp.ClientError):  # its own look at the store may end it first
            answers.append(await receiver.deliver())
        await asyncio.Event().wait()


async def test_a_store_that_another_version_begins_later(valkey: EmbeddedValkey, redis: Redis) -> None:
    """It was empty at the start: the receiver still notices the other layout, stores nothing more, and ends."""
    answers: list[int] = []
    with pytest.raises(ExceptionGroup) as raised:
        await deliver_into_another_layout(valkey.url, redis, answers)
    assert raised.group_contains(WrongLayout)
    assert answers in ([202], [202, 503])
    assert 1 == len(await stored(redis))
