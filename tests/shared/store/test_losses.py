"""Whether a store that was replaced has all that it confirmed to this process."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from shared.errors import StoreDown
from shared.model.resync_state import GLOBAL
from shared.store import keys
from shared.store.document_kinds import progress
from shared.store.losses import LOSSES, Losses
from shared.store.redis import Redis, connect
from shared.store.streams import append
from tests.servers import BOTH, binary_of
from tests.topologies import LaggingPair, until


@pytest.fixture(params=BOTH)
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LaggingPair]:
    """Run a primary with one replica: of Valkey, then of Debian's Redis."""
    async with LaggingPair(tmp_path / "servers", binary=binary_of(request.param)) as servers:
        yield servers


@pytest.fixture
async def redis(pair: LaggingPair) -> AsyncIterator[Redis]:
    """Connect to the address of the primary."""
    client = connect(pair.url)
    yield client
    await client.aclose()


@pytest.fixture
async def losses(redis: Redis) -> Losses:
    """Watch the store, which has an entry and a document of ours."""
    watching = Losses(redis)
    watching.watch()
    await write(redis, "before")
    return watching


async def write(redis: Redis, problem: str) -> None:
    """Let the store confirm an entry and a document."""
    await append(redis, keys.COMMANDS, {"body": b"x"}, wait_for_disk=False)
    await progress(redis).change(GLOBAL, lambda state: replace(state, problem=problem))


def counted(what: str) -> float:
    """Count the losses of a kind that this process has told."""
    return float(LOSSES.labels(what)._value.get())


async def test_what_is_missing_is_noticed_before_anything_is_done(
    pair: LaggingPair, redis: Redis, losses: Losses
) -> None:
    """The first call on the new server finds the loss on record, for this process, and for all others in the store."""
    assert 0 == losses.doubt_ms
    before = counted("some")
    await pair.cut()
    await write(redis, "lost")
    await pair.fail_over()

    assert "before" == (await progress(redis).load(GLOBAL)).value.problem

    assert losses.doubt_ms > 0
    assert before + 1 == counted("some")
    assert str(losses.doubt_ms).encode() == await redis.get(keys.DOUBT)


@pytest.mark.parametrize("what", ["an entry", "a document"])
async def test_either_is_missed(pair: LaggingPair, redis: Redis, losses: Losses, what: str) -> None:
    """The last one tells of all before it; that what counts should have waited for a replica is no excuse."""
    await pair.cut()
    if what == "an entry":
        await append(redis, keys.COMMANDS, {"body": b"x"}, wait_for_disk=False)
    else:
        await progress(redis).change(GLOBAL, lambda state: replace(state, problem="lost"))
    redis.waits_for_replica = True
    before = counted("some")
    await pair.fail_over()

    await redis.ping()

    assert before + 1 == counted("some")
    assert losses.doubt_ms > 0


async def test_a_replica_that_took_over_may_lack_what_others_wrote(
    pair: LaggingPair, redis: Redis, losses: Losses
) -> None:
    """Nothing of this process is missing, and yet the loss is possible: once, and not again for who comes later."""
    before = counted("maybe")
    await redis.ping()
    await pair.cut()
    await pair.fail_over()

    await redis.ping()

    assert before + 1 == counted("maybe")
    doubt_ms = losses.doubt_ms
    assert doubt_ms > 0
    late = connect(pair.url)
    others = Losses(late)
    others.watch()
    await late.ping()
    assert doubt_ms == others.doubt_ms
    assert before + 1 == counted("maybe")
    await late.aclose()


async def test_a_replica_that_has_all_that_counts_costs_no_doubt(
    pair: LaggingPair, redis: Redis, losses: Losses
) -> None:
    """With `durability = "replica"` nothing can be missing, and nothing is."""
    redis.waits_for_replica = True
    await pair.cut()
    await pair.fail_over()

    await redis.ping()

    assert 0 == losses.doubt_ms


async def is_in_file(redis: Redis) -> bool:
    """Whether the server has nothing left to write into its file, as it may for two seconds while the disk is busy."""
    unwritten: int = (await redis.info("persistence"))["aof_buffer_length"]
    return 0 == unwritten


async def test_a_restart_is_no_loss(pair: LaggingPair, redis: Redis, losses: Losses) -> None:
    """Killed and started again with its file, it has everything that was in it."""
    await until(partial(is_in_file, redis), "all that was written to be in its file")
    await pair.primary.kill()
    pair.primary.start()
    await until(partial(answers, redis), "an answer")

    assert "before" == (await progress(redis).load(GLOBAL)).value.problem
    assert 0 == losses.doubt_ms


async def test_an_older_copy_that_follows_no_one_is_noticed(pair: LaggingPair, redis: Redis, losses: Losses) -> None:
    """As if its data came from a backup: its history is new, and something is missing."""
    await pair.cut()
    await write(redis, "lost")
    await pair.primary.kill()
    await pair.replica.ask("REPLICAOF", "NO", "ONE")
    await pair.replica.kill()
    pair.replica.start("--port", str(pair.primary.port), "--replicaof", "no one")
    await until(partial(answers, redis), "an answer")

    assert losses.doubt_ms > 0


async def test_a_user_who_may_not_ask_sees_what_is_missing_all_the_same(
    pair: LaggingPair, redis: Redis, losses: Losses
) -> None:
    """Without the right to INFO a possible loss can't be seen, but a certain one is."""
    await pair.replica.ask("ACL", "SETUSER", "default", "-info")
    await pair.cut()
    await write(redis, "lost")
    await pair.fail_over()

    await redis.ping()

    assert losses.doubt_ms > 0


async def test_a_replica_is_no_place_to_work(pair: LaggingPair, redis: Redis, losses: Losses) -> None:
    """It would not break the connection when it is made the primary, and what it lacks would not be noticed."""
    await pair.cut()
    await write(redis, "lost")
    await pair.primary.kill()
    await pair.replica.ask("CONFIG", "SET", "port", str(pair.primary.port))

    with pytest.raises(StoreDown, match="replica"):
        await redis.get("k")

    await pair.primary.ask("REPLICAOF", "NO", "ONE")
    await redis.ping()
    assert losses.doubt_ms > 0


async def answers(redis: Redis) -> bool:
    """Return true once the server does."""
    return bool(await redis.ping())


@pytest.mark.parametrize(("noted_s", "doubt_s"), [(3600, 0), (-60, -60), (None, -30)])
async def test_a_doubt_does_not_reach_into_the_future(noted_s: int | None, doubt_s: int) -> None:
    """Where the clock was put back after a loss new clicks are believed; what a full store did not note stays known."""
    redis = cast("Any", FakeAsyncRedis())
    losses, now_ms = Losses(redis), int((await redis.time())[0]) * 1000
    if noted_s is None:
        losses.doubt_ms = now_ms - 30_000
    else:
        await redis.set(keys.DOUBT, now_ms + noted_s * 1000)
    await losses.refresh()
    names = {await losses.refresh(), await losses.refresh()}

    assert doubt_s * 1000 <= losses.doubt_ms - now_ms < doubt_s * 1000 + 5000
    assert 1 == len(names)
    await redis.aclose()
