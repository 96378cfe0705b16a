"""What is on the disk after a crash, and what a server does that has forgotten its scripts or answers late."""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey, EmbeddedValkeyError
from shared.durations import Durations
from shared.errors import StoreDown
from shared.model.ids import IncidentId
from shared.store import keys
from shared.store.coordination import Due, WorkQueue
from shared.store.redis import Redis, connect
from shared.store.streams import Inbox, append

FIELDS = {"body": b"x", "v": b"1"}
CUTS = 12
SLOW_DISK = 200_000
"""Microseconds that a slow disk takes."""


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    """Run a Valkey with its data on disk."""
    async with EmbeddedValkey(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Connect to it."""
    client = connect(valkey.url)
    yield client
    await client.aclose()


def log_file(directory: Path) -> Path:
    """Find the file that everything is appended to."""
    [file] = directory.glob("appendonlydir/*.incr.aof")
    return file


async def one_done_of_two(redis: Redis) -> None:
    """Take two entries off a stream, and finish with one of them as the very last thing."""
    inbox = Inbox(redis, redis, keys.EVENTS, "worker", Durations(block=0.01))
    await inbox.open()
    for _ in range(2):
        await append(redis, keys.EVENTS, FIELDS, wait_for_disk=True)
    first, _ = await inbox.batch()
    await inbox.ack(first)


async def test_a_torn_tail_holds_no_half_step(tmp_path: Path) -> None:
    """Wherever the file breaks off, the server starts, and the last step is there as a whole or not at all."""
    async with EmbeddedValkey(tmp_path / "valkey") as valkey:
        redis = connect(valkey.url)
        await append(redis, "before", FIELDS, wait_for_disk=True)
        whole = log_file(tmp_path / "valkey").stat().st_size
        await one_done_of_two(redis)
        await redis.aclose()
    end = log_file(tmp_path / "valkey").stat().st_size
    found = [await _left_after(tmp_path, cut) for cut in range(whole, end, (end - whole) // CUTS)]

    assert {pending == entries or (pending, entries) in FIRST_STEPS for pending, entries in found} == {True}
    assert (1, 1) == await _left_after(tmp_path, end)


FIRST_STEPS = {(0, 1), (0, 2), (1, 2)}
"""Entries that are there and were not taken yet."""


async def _left_after(tmp_path: Path, cut: int) -> tuple[int, int]:
    """Start a copy whose file breaks off there, and count the entries that somebody has taken, and those there are."""
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "valkey", copy, ignore=shutil.ignore_patterns("lock", "*.sock"))
    with log_file(copy).open("r+b") as file:
        file.truncate(cut)
    async with EmbeddedValkey(copy) as valkey:
        redis = connect(valkey.url)
        assert 1 == await redis.xlen("before")
        groups = await redis.xinfo_groups(keys.EVENTS) if await redis.exists(keys.EVENTS) else []
        left = sum(group["pending"] for group in groups), await redis.xlen(keys.EVENTS)
        await redis.aclose()
    shutil.rmtree(copy)
    return left


async def test_a_file_that_is_spoilt_in_the_middle_is_not_guessed_at(tmp_path: Path) -> None:
    """The server refuses to start and names the tool that mends the file; nothing of it is thrown away meanwhile."""
    async with EmbeddedValkey(tmp_path) as valkey:
        redis = connect(valkey.url)
        for _ in range(50):
            await append(redis, "s", FIELDS, wait_for_disk=False)
        await redis.aclose()
    file = log_file(tmp_path)
    good = file.read_bytes()
    spoilt = good[: len(good) // 2] + b"\x00" * 20 + good[len(good) // 2 + 20 :]
    file.write_bytes(spoilt)

    with pytest.raises(EmbeddedValkeyError, match="check-aof"):
        await EmbeddedValkey(tmp_path).start()

    assert spoilt == file.read_bytes()
    file.write_bytes(good)
    async with EmbeddedValkey(tmp_path) as valkey:
        redis = connect(valkey.url)
        assert 50 == await redis.xlen("s")
        await redis.aclose()


async def test_scripts_that_were_forgotten_are_sent_again(valkey: EmbeddedValkey, redis: Redis) -> None:
    """After a restart, or when somebody flushed them, a script runs as ever, and once."""
    await redis.config_set("appendfsync", "always")  # a busy disk postpones everything else beyond the reply
    queue = WorkQueue(redis, "dirty", hidden=10.0)
    forgetting: list[Callable[[], Awaitable[object]]] = [redis.script_flush, valkey.kill]
    for forget in forgetting:
        await queue.mark(IncidentId("Q1"))
        await forget()
        await valkey.start()
        taken = await queue.take()
        assert isinstance(taken, Due)
        await queue.finish(taken)
        assert await queue.take() is None


async def test_a_server_that_answers_late_has_stored_once(valkey: EmbeddedValkey, redis: Redis) -> None:
    """An append that was given up while the server was busy is carried out later, but only once."""
    impatient = connect(valkey.url, timeout=0.2)
    await append(impatient, "s", FIELDS, wait_for_disk=True)
    with suppress(StoreDown):
        await redis.execute_command("CLIENT", "PAUSE", 500, "WRITE")
    with pytest.raises(StoreDown):
        await append(impatient, "s", FIELDS, wait_for_disk=True)
    await impatient.aclose()
    await redis.set("after", "the pause")

    assert await redis.xlen("s") <= 2


@contextmanager
def slow_disk(pid: int) -> Iterator[None]:
    """Let every wait for the disk take longer, where the system lets a process be traced."""
    inject = ("-e", "trace=fdatasync,fsync", "-e", f"inject=fdatasync,fsync:delay_enter={SLOW_DISK}")
    if shutil.which("strace") is None:
        pytest.skip("there is no strace here")
    tracing = subprocess.Popen(  # noqa: S603 -- a fixed command
        ["strace", "-f", "-o", "/dev/null", *inject, "-p", str(pid)],  # noqa: S607 -- wherever it is
        stderr=subprocess.PIPE,
    )
    try:
        said = tracing.stderr.readline() if tracing.stderr else b""
        if b"attached" not in said:
            pytest.skip(f"strace may not: {said!r}")
        yield
    finally:
        tracing.send_signal(signal.SIGINT)
        tracing.communicate()


async def test_a_slow_disk_makes_it_slow_and_loses_nothing(valkey: EmbeddedValkey, redis: Redis) -> None:
    """However long the disk takes, what was confirmed is there after kill -9, because it was waited for."""
    confirmed = []

    async def appending() -> None:
        while True:
            confirmed.append(await append(redis, "s", FIELDS, wait_for_disk=True))

    with slow_disk(valkey.pid):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(appending()) for _ in range(8)]
            await asyncio.sleep(5 * SLOW_DISK / 1_000_000)
            for task in tasks:
                task.cancel()
        await valkey.kill()
    await valkey.start()

    assert confirmed
    assert {entry.encode() for entry in confirmed} <= {
        entry for entry, _ in await redis.execute_command("XRANGE", "s", "-", "+")
    }
