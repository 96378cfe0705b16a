"""Every trouble that a real Redis can be in: 503 in time, nothing lost that got 202, and all is well afterwards."""

import asyncio
import shlex
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from pagebridge.local import embedded_valkey
from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.errors import StoreDown
from shared.store import keys
from shared.store.clock import init_generation
from shared.store.redis import Redis, connect
from shared.store.streams import move_deliveries
from tests.servers import CONFIRMING
from tests.shared.store.wire import EVERY, Wire
from tests.webhook_receiver.running import BODY, PATIENCE, PATIENT, Running, running, stored, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOUNT = ("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs")
IN_TIME = 4.0
"""Seconds within which a delivery that cannot be stored is answered; PagerDuty gives up after 5."""
READS_LAYOUT = f"(%R~{keys.GENERATION} -@all +get)"
APPENDS = f"(%W~{keys.DELIVERIES} -@all +rpush)"
USER = ("reset", "on", ">pw", "resetchannels", "-@all", "+ping", "+waitaof", APPENDS, READS_LAYOUT)
"""What the receiver's user of Redis needs."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedValkey]:
    """Run one Valkey for all tests of this module."""
    directory = tmp_path_factory.mktemp("troubles")
    async with EmbeddedValkey(directory / "valkey", binary=_server(directory)) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver(valkey: EmbeddedValkey) -> AsyncIterator[Running]:
    """Run one receiver for all of them, as the user of Redis that may only append."""
    async with running(valkey.url.replace("unix://", "unix://receiver@") + "?password=pw", limits=PATIENT) as at_work:
        yield at_work


@pytest_asyncio.fixture(loop_scope="module")
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Look into Redis and make trouble, from an empty store on."""
    client = connect(valkey.url)
    await client.delete(keys.DELIVERIES, keys.EVENTS, keys.GENERATION)
    yield client
    await client.aclose()


def _server(directory: Path) -> Path:
    """Make a server that knows the receiver's user from its start on, and takes the command `DEBUG` from here."""
    script = directory / "valkey-server"
    command = (str(embedded_valkey.packaged_binary()), '"$@"', *map(shlex.quote, ("--user", "receiver", *USER)))
    script.write_text(f"#!/bin/sh\nexec {' '.join(command)} --enable-debug-command local\n")
    script.chmod(0o700)
    return script


@asynccontextmanager
async def refused(receiver: Running) -> AsyncIterator[None]:
    """Expect 503 in time and `/readyz` to say so for as long as the context lasts, and after it 202 again."""
    begun = time.monotonic()
    assert 503 == await receiver.deliver()
    assert time.monotonic() - begun < IN_TIME
    await receiver.until_ready(503)
    yield
    await receiver.until_ready(200)
    assert 202 == await receiver.deliver(b"afterwards")


@pytest.mark.parametrize(
    ("setting", "trouble", "cure"),
    [
        ("min-replicas-to-write", "1", "0"),
        ("maxmemory", "1", "0"),
    ],
    ids=["too few replicas", "no memory at all"],
)
async def test_a_setting_that_keeps_redis_from_writing(
    receiver: Running, redis: Redis, setting: str, trouble: str, cure: str
) -> None:
    """A Redis that takes nothing at the moment is our trouble, not PagerDuty's."""
    await redis.config_set(setting, trouble)
    async with refused(receiver):
        await redis.config_set(setting, cure)
    assert [b"afterwards"] == await stored(redis)


async def test_memory_that_fills_up(receiver: Running, redis: Redis) -> None:
    """Deliveries are taken until the memory is full, none of them gives way, and room made later is used."""
    used = (await redis.info("memory"))["used_memory"]
    await redis.config_set("maxmemory", used + 2_000_000)
    answers = {b"%06d" % number: await receiver.deliver(b"%06d" % number * 30_000) for number in range(15)}

    # What connections hold for a moment counts too, so that at the limit one may be refused and a later one taken.
    assert {202, 503} == set(answers.values())
    taken = [name for name, answer in answers.items() if answer == 202]
    assert taken == [body[:6] for body in await stored(redis) if body[:6] in taken]
    await redis.delete(keys.DELIVERIES)
    assert 202 == await receiver.deliver()
    await redis.config_set("maxmemory", 0)


@pytest.mark.parametrize("stale", ["yes", "no"])
async def test_a_replica(receiver: Running, redis: Redis, stale: str) -> None:
    """After a failover the old address may be a replica that takes no writes, or gives no answers at all."""
    await redis.config_set("replica-serve-stale-data", stale)
    await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    async with refused(receiver):
        await redis.execute_command("REPLICAOF", "NO", "ONE")
    assert [b"afterwards"] == await stored(redis)


async def test_a_password_that_was_changed(receiver: Running, redis: Redis) -> None:
    """A receiver whose password is not good any more says 503 until it is, or until it is started with the new one."""
    await redis.execute_command("ACL", "SETUSER", "receiver", "resetpass", ">new")
    await redis.execute_command("CLIENT", "KILL", "USER", "receiver")
    async with refused(receiver):
        await redis.execute_command("ACL", "SETUSER", "receiver", *USER)
    assert [b"afterwards"] == await stored(redis)


async def test_a_right_that_was_taken_away(receiver: Running, redis: Redis) -> None:
    """Without the right to append there is no 202."""
    await redis.execute_command("ACL", "SETUSER", "receiver", "clearselectors", READS_LAYOUT)
    async with refused(receiver):
        await redis.execute_command("ACL", "SETUSER", "receiver", *USER)
    assert [b"afterwards"] == await stored(redis)


async def test_what_the_receivers_user_cannot_do(valkey: EmbeddedValkey, receiver: Running, redis: Redis) -> None:
    """Whoever takes the receiver over can neither read what came in nor take it away."""
    assert 202 == await receiver.deliver()
    client = connect(valkey.url.replace("unix://", "unix://receiver@") + "?password=pw")
    forbidden = [
        ("LRANGE", keys.DELIVERIES, "0", "-1"),
        ("LPOP", keys.DELIVERIES),
        ("LTRIM", keys.DELIVERIES, "1", "0"),
        ("DEL", keys.DELIVERIES),
        ("XADD", keys.EVENTS, "*", "a", "b"),
        ("XADD", keys.COMMANDS, "*", "a", "b"),
        ("EVAL", f"return redis.call('DEL', '{keys.DELIVERIES}')", "0"),
        ("GET", keys.AUDIT),
        ("SET", keys.GENERATION, "x"),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
    ]
    for command in forbidden:
        with pytest.raises(StoreDown, match=r"(?i)no permissions"):
            await client.execute_command(*command)
    await client.aclose()
    assert [BODY] == await stored(redis)


async def test_a_script_that_does_not_end(valkey: EmbeddedValkey, receiver: Running, redis: Redis) -> None:
    """A Redis that is busy with somebody's script answers BUSY to all others; that is 503, too."""
    await redis.config_set("busy-reply-threshold", "50")
    async with asyncio.TaskGroup() as group:
        group.create_task(_spin(valkey))
        await until(lambda: _says(redis, "busy"), "the script to keep Redis busy")
        async with refused(receiver):
            await redis.execute_command("SCRIPT", "KILL")
    assert [b"afterwards"] == await stored(redis)


async def _spin(valkey: EmbeddedValkey) -> None:
    redis = connect(valkey.url, blocking=True)
    with pytest.raises(StoreDown, match="killed"):
        await redis.execute_command("EVAL", "while true do end", "0")
    await redis.aclose()


async def _says(redis: Redis, word: str) -> bool:
    """Tell whether Redis refuses even to be pinged, for this reason."""
    try:
        await redis.ping()
    except StoreDown as error:
        return word in str(error)
    return False


async def test_a_redis_that_loads_its_data(valkey: EmbeddedValkey, receiver: Running, redis: Redis) -> None:
    """While Redis reads its data from the disk after a start it takes nothing."""
    await redis.execute_command("DEBUG", "POPULATE", "2000")
    await redis.config_set("key-load-delay", "500")
    await redis.config_set("loading-process-events-interval-bytes", "1024")
    loading = connect(valkey.url, timeout=PATIENCE)
    async with asyncio.TaskGroup() as group:
        group.create_task(loading.execute_command("DEBUG", "RELOAD"))
        await until(lambda: _says(redis, "loading"), "Redis to load its data")
        async with refused(receiver):
            await redis.config_set("key-load-delay", "0")
    await loading.aclose()
    await redis.flushall()


async def test_an_answer_of_redis_that_is_lost(valkey: EmbeddedValkey, redis: Redis) -> None:
    """The entry is stored but nobody hears of it: the answer is 503, and the fold will see the delivery twice."""
    await init_generation(redis)
    wire = Wire(valkey.url.removeprefix("unix://"))
    way = await asyncio.start_server(wire, "127.0.0.1", 0)
    async with way, running(f"redis://127.0.0.1:{way.sockets[0].getsockname()[1]}", limits=PATIENT) as receiver:
        assert 202 == await receiver.deliver(b"before")
        wire.mute = EVERY
        async with refused(receiver):
            wire.mute = 0
        wire.cut()
    assert [b"before", BODY, b"afterwards"] == await stored(redis)


class NoSync(Wire):
    """A way on which nothing asks the disk: what waits for it waits for ever."""

    def _note(self, data: bytes) -> bool:
        return super()._note(data) and b"WAITAOF" not in data


@CONFIRMING
async def test_a_store_that_is_killed_between_write_and_sync(valkey: EmbeddedValkey, redis: Redis) -> None:
    """What is written and not yet on the disk has no 202, and none afterwards, whoever asked for the write."""
    await init_generation(redis)
    way = await asyncio.start_server(NoSync(valkey.url.removeprefix("unix://")), "127.0.0.1", 0)
    bodies = [b"%d" % number for number in range(8)]
    async with way, running(f"redis://127.0.0.1:{way.sockets[0].getsockname()[1]}", limits=PATIENT) as receiver:
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(receiver.deliver(body)) for body in bodies]
            await until(partial(_written, redis), "a delivery to be written")
            await valkey.kill()
        await valkey.start()

        assert {503} == {answer.result() for answer in answers}


async def _written(redis: Redis) -> bool:
    return bool(await stored(redis))


async def test_many_deliveries_cost_one_write(receiver: Running, redis: Redis) -> None:
    """What comes while Redis is busy is written together, once each; all have their 202 and are in the log."""
    await redis.config_resetstat()
    bodies = [b"%d" % number for number in range(40)]
    await redis.execute_command("CLIENT", "PAUSE", 300, "WRITE")
    with capture_logs() as logged:
        async with asyncio.TaskGroup() as group:
            ids = [("X-Webhook-Id", f"id{number}") for number in range(len(bodies))]
            delivering = [receiver.deliver(body, None, id_) for body, id_ in zip(bodies, ids, strict=True)]
            answers = [group.create_task(one) for one in delivering]

    assert {202} == {answer.result() for answer in answers}
    assert sorted(bodies) == sorted(await stored(redis))
    calls = (await redis.info("commandstats"))["cmdstat_rpush"]["calls"]
    lines = [entry for entry in logged if entry["event"] == "delivery.stored"]
    assert len(lines) <= calls < len(bodies) / 4
    assert {value for _, value in ids} == {one for entry in lines for one in entry["delivery"].split()}


async def test_what_does_not_fit_into_one_write(redis: Redis, receiver: Running) -> None:
    """Long deliveries are written a megabyte at a time, each of them once."""
    bodies = [b"%d" % number + b"x" * 400_000 for number in range(6)]
    await redis.execute_command("CLIENT", "PAUSE", 300, "WRITE")
    async with asyncio.TaskGroup() as group:
        answers = [group.create_task(receiver.deliver(body)) for body in bodies]

    assert {202} == {answer.result() for answer in answers}
    assert sorted(bodies) == sorted(await stored(redis))


async def test_a_clock_that_goes_back(receiver: Running, redis: Redis) -> None:
    """When Redis's clock is set back by hours, what comes later still stands later in the stream."""
    hours_ahead = int(time.time() * 1000) + 2 * 3_600_000
    await redis.execute_command("XADD", keys.EVENTS, f"{hours_ahead}-0", "body", "of the future")
    assert [202, 202] == [await receiver.deliver(body) for body in (b"one", b"two")]
    await move_deliveries(redis)
    found: list[tuple[bytes, dict[bytes, bytes]]] = await redis.execute_command("XRANGE", keys.EVENTS, "-", "+")
    assert [b"of the future", b"one", b"two"] == [fields[b"body"] for _, fields in found]


async def test_kills_under_load(valkey: EmbeddedValkey, receiver: Running, redis: Redis) -> None:
    """However often Redis is killed with -9 while deliveries rain, whatever was answered with 202 is there."""
    answers: Counter[int] = Counter()
    kept: list[bytes] = []

    async def deliver(number: int) -> None:
        for count in range(10_000):
            body = b"%d/%d" % (number, count)
            status = await receiver.deliver(body)
            answers[status] += 1
            if status == 202:
                kept.append(body)

    async with asyncio.TaskGroup() as group:
        raining = [group.create_task(deliver(number)) for number in range(8)]
        for _ in range(5):
            before = len(kept)
            await until(partial(_more, kept, before + 20), "deliveries to be taken")
            await valkey.kill()
            await valkey.start()
        for task in raining:
            task.cancel()

    assert set(kept) <= set(await stored(redis))
    assert {202, 503} == set(answers)


async def _more(kept: list[bytes], than: int) -> bool:
    return len(kept) > than


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 3 MB, where one may be made."""
    if shutil.which("mount") is None or subprocess.run([*MOUNT, tmp_path], check=False, capture_output=True).returncode:  # noqa: S603 -- a fixed command
        pytest.skip("no file system may be mounted here")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)  # noqa: S603, S607 -- a fixed command


async def test_a_disk_that_fills_up(small_disk: Path) -> None:
    """When nothing more can be written deliveries are refused, and taken again as soon as there is room."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    async with EmbeddedValkey(small_disk / "valkey") as server, running(server.url, limits=PATIENT) as receiver:
        taken = await _filled(receiver)
        async with refused(receiver):
            ballast.unlink()
        assert {*taken, b"afterwards"} <= set(await _found_after_a_crash(server))


async def test_a_disk_that_fills_up_for_a_redis_that_ends_then(small_disk: Path) -> None:
    """A Redis that writes each entry at once ends when it cannot; once it is started with room, all goes on."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_000_000))
    async with EmbeddedValkey(small_disk / "valkey") as server, running(server.url, limits=PATIENT) as receiver:
        client = connect(server.url)
        await client.config_set("appendfsync", "always")
        await client.aclose()
        taken = await _filled(receiver)
        async with refused(receiver):
            assert 0 != await server.wait()
            ballast.unlink()
            await server.start()
        assert {*taken, b"afterwards"} <= set(await _found_after_a_crash(server))


async def _filled(receiver: Running) -> list[bytes]:
    """Deliver until it is refused, and return what was taken."""
    taken: list[bytes] = []
    async with asyncio.timeout(PATIENCE):
        while await receiver.deliver(body := b"%06d" % len(taken) * 15_000) == 202:
            taken.append(body)
    return taken


async def _found_after_a_crash(server: EmbeddedValkey) -> list[bytes]:
    await server.kill()
    await server.start()
    client = connect(server.url)
    found = await stored(client)
    await client.aclose()
    return found
