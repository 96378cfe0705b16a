"""From what the receiver appends to the events stream, on real servers; and where what is no event ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.durations import Durations
from shared.errors import ScriptFailed, StoreDown
from shared.store import keys
from shared.store.redis import Redis, connect, run_script
from shared.store.streams import (
    MOST_DELIVERY,
    Deliveries,
    Entry,
    Inbox,
    append,
    move_deliveries,
    read_all,
    waiting_deliveries,
)

QUICK = Durations(block=0.05, claim_idle=0.1)
PATIENT = replace(QUICK, claim_idle=60.0)
MANY = 400
PATIENCE = 20.0


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Connect to it."""
    client = connect(valkey.url)
    yield client
    await client.aclose()


async def events(redis: Redis) -> list[Entry]:
    """Read what has been moved."""
    return [entry async for entry in read_all(redis, keys.EVENTS)]


async def test_several_workers_move_each_delivery_once(valkey: EmbeddedValkey, redis: Redis) -> None:
    """Nothing is lost, doubled or put in another order, however many move at the same time."""
    movers = [Deliveries(client, client, QUICK) for client in (connect(valkey.url) for _ in range(3))]

    async def move(mover: Deliveries) -> None:
        while len(await events(redis)) < MANY:
            await mover.step()

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        for mover in movers:
            group.create_task(move(mover))
        for number in range(MANY):
            await redis.execute_command("RPUSH", keys.DELIVERIES, b"1700000000000 %d" % number)

    assert [b"%d" % number for number in range(MANY)] == [entry.fields["body"] for entry in await events(redis)]
    assert 0 == await waiting_deliveries(redis)
    for mover in movers:
        await mover._redis.aclose()


async def test_a_delivery_that_cannot_be_moved_stays(redis: Redis) -> None:
    """What a script has done stays done where Redis refuses its next step: nothing is taken before it is kept."""
    broken, mended = (f"ACL SETUSER default {sign}xadd" for sign in "-+")
    await redis.execute_command("RPUSH", keys.DELIVERIES, b"1700000000000 first", b"", b"1700000000000 second")
    await redis.execute_command(*broken.split())
    with pytest.raises(StoreDown):
        await move_deliveries(redis)
    assert 2 == await waiting_deliveries(redis)

    await redis.execute_command(*mended.split())
    await move_deliveries(redis)

    assert [b"first", b"second"] == [entry.fields["body"] for entry in await events(redis)]
    assert 0 == await waiting_deliveries(redis)


async def test_movers_that_are_killed_in_the_middle_lose_and_double_nothing(
    valkey: EmbeddedValkey, redis: Redis
) -> None:
    """The connection of a mover is cut again and again, while it waits and while it moves."""

    async def move() -> None:
        client = connect(valkey.url)
        mover = Deliveries(client, client, QUICK)
        moved = 0
        while moved < MANY:
            try:
                await mover.step()
                moved = len(await events(client))
            except StoreDown:
                await asyncio.sleep(0)
        await client.aclose()

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        moving = group.create_task(move())
        for number in range(MANY):
            await redis.execute_command("RPUSH", keys.DELIVERIES, b"1700000000000 %d" % number)
            if number % 10 == 0:
                await redis.execute_command("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")
        await moving

    assert [b"%d" % number for number in range(MANY)] == [entry.fields["body"] for entry in await events(redis)]


async def test_a_delivery_is_moved_at_once(redis: Redis, valkey: EmbeddedValkey) -> None:
    """A mover that waits is woken by the append; it does not look again and again."""
    blocking = connect(valkey.url, blocking=True)
    mover = Deliveries(redis, blocking, Durations(block=4.0))

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(mover.step())
        while b"cmd=blmove" not in await redis.execute_command("CLIENT", "LIST"):  # noqa: ASYNC110 -- as it is
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        await redis.execute_command("RPUSH", keys.DELIVERIES, b"1 {}")
        await waiting
    assert time.monotonic() - begun < 2.0
    assert 1 == await waiting_deliveries(redis)
    await mover.step()
    [entry] = await events(redis)
    assert (b"{}", 1) == (entry.fields["body"], entry.received_ms)
    await blocking.aclose()


@pytest.mark.parametrize(
    ("claimed", "believed"),
    [(b"1700000000000", 1_700_000_000_000), (b"9" * 13, None), (b"9" * 400, None), (b"x", None)],
)
async def test_a_receivers_clock_is_believed_only_backwards(redis: Redis, claimed: bytes, believed: int | None) -> None:
    """A delivery cannot have come later than it was moved, and ids and their times are the store's own."""
    await redis.execute_command("RPUSH", keys.DELIVERIES, claimed + b" {}")
    await move_deliveries(redis)
    [entry] = await events(redis)
    seconds, _ = await redis.time()
    assert abs(entry.at_ms - seconds * 1000) < 60_000
    assert entry.received_ms == (believed or entry.at_ms)


async def test_probes_of_the_receiver_are_no_deliveries(redis: Redis) -> None:
    """They are not counted, not moved, and gone with the next look."""
    await redis.execute_command("RPUSH", keys.DELIVERIES, b"", b"1 {}", b"")
    assert 1 == await waiting_deliveries(redis)
    assert 3 == await move_deliveries(redis)
    assert [b"{}"] == [entry.fields["body"] for entry in await events(redis)]


async def test_what_is_far_too_long_is_cut(redis: Redis) -> None:
    """So that what a worker reads at once is bounded, and the store's memory is free again."""
    await redis.execute_command("RPUSH", keys.DELIVERIES, b"1 " + b"x" * 4_000_000)
    await move_deliveries(redis)
    [entry] = await events(redis)
    assert b"4000002" == entry.fields["cut"]
    assert len(entry.fields["body"]) < MOST_DELIVERY


async def test_dead_letters_are_bounded_by_their_bytes(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept, the oldest go, and even one that is too large by itself is kept until the next."""
    monkeypatch.setattr(keys, "DEAD_LETTERS_BYTES", 1_000_000)
    inbox = Inbox(redis, redis, keys.EVENTS, "one", QUICK)
    await inbox.open()
    for number in range(30):
        await append(redis, keys.EVENTS, {"number": b"%d" % number, "body": b"x" * 100_000}, wait_for_disk=False)
    for entry in [*await inbox.batch(), *await inbox.batch()]:
        await inbox.dead_letter(entry, "a test")

    kept = [int(letter.fields["number"]) for letter in [one async for one in read_all(redis, keys.DEAD_LETTERS)]]
    assert kept == list(range(30 - len(kept), 30))
    assert 5 < len(kept) < 10
    monkeypatch.setattr(keys, "DEAD_LETTERS_BYTES", 1)
    await inbox.dead_letter(Entry("1-1", {"body": b"x" * 2_000_000}, at_ms=1, received_ms=1), "a test")
    assert 1 == await redis.xlen(keys.DEAD_LETTERS)


async def test_consumers_of_dead_workers_are_removed(redis: Redis) -> None:
    """Once what they had in hand was taken over; one that lives and was only slow is made again."""
    alive, dead = (Inbox(redis, redis, keys.EVENTS, name, QUICK) for name in ("alive", "dead"))
    await alive.open()
    await append(redis, keys.EVENTS, {"body": b"x"}, wait_for_disk=False)
    [taken] = await dead.batch()

    async with asyncio.timeout(PATIENCE):
        while not (claimed := await alive.batch()):
            assert 1 == (await consumers(redis))["dead"]
        assert [taken.id] == [entry.id for entry in claimed]
        await alive.ack(claimed[0])
        while "dead" in await consumers(redis):
            await alive.batch()

    # On a busy machine `alive` may have been so slow that it went together with the dead one.
    for name in ("alive", "dead"):
        await append(redis, keys.EVENTS, {"body": b"y"}, wait_for_disk=False)
        inbox = Inbox(redis, redis, keys.EVENTS, name, PATIENT)
        [again] = await inbox.batch()
        await inbox.ack(again)
    assert {"alive", "dead"} == set(await consumers(redis))


async def consumers(redis: Redis) -> dict[str, int]:
    """Read who has how much in hand."""
    found = await redis.xinfo_consumers(keys.EVENTS, keys.GROUP)
    return {one["name"].decode(): int(one["pending"]) for one in found}


async def test_a_script_that_fails_is_no_outage(redis: Redis) -> None:
    """It would fail again, so that it is told apart from a server that cannot be used; both are errors of the store."""
    with pytest.raises(ScriptFailed):
        await run_script(redis, "dead_letter", [keys.DEAD_LETTERS], [1, 1, *["x"] * 20_000])
    await redis.config_set("min-replicas-to-write", 1)
    with pytest.raises(StoreDown) as refused:
        await run_script(redis, "dead_letter", [keys.DEAD_LETTERS], [1, 1, "name", "value"])
    assert not isinstance(refused.value, ScriptFailed)
    await redis.config_set("min-replicas-to-write", 0)
