"""What must not be lost is at a replica before it counts, if that is asked for."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

import pytest
import pytest_asyncio

from shared.errors import StoreDown
from shared.model.resync_state import GLOBAL
from shared.store import keys
from shared.store.document_kinds import progress
from shared.store.durability import require_replica
from shared.store.redis import Redis, connect
from shared.store.streams import append
from tests.servers import BOTH, binary_of, can_wait_for_disk
from tests.topologies import BUSY_MS, Node, WatchedServers

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=BOTH)
async def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[WatchedServers]:
    """Run a primary with one replica: of Valkey, then of Debian's Redis."""
    home = tmp_path_factory.mktemp("watched") / "servers"
    async with WatchedServers(home, binary=binary_of(request.param), replicas=1, down_after=BUSY_MS) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def watched(made: WatchedServers) -> WatchedServers:
    """Return both servers running and empty: a test may have stopped one, or failed over."""
    await made.start()
    async with aclosing(connect(made.url)) as redis:
        await redis.flushall()
    await made.healthy()
    return made


@pytest_asyncio.fixture(loop_scope="module")
async def redis(watched: WatchedServers) -> AsyncIterator[Redis]:
    """Connect to the primary, and wait for its replica."""
    client = connect(watched.url)
    client.waits_for_replica = True
    yield client
    await client.aclose()


async def _append(redis: Redis) -> object:
    return await append(redis, keys.COMMANDS, {"body": b"x"}, wait_for_disk=await can_wait_for_disk(redis))


async def _record(redis: Redis) -> object:
    return await progress(redis).change(GLOBAL, lambda state: replace(state, problem=state.problem + "!"))


CALLS = {"an append": _append, "a record": _record}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_what_counts_is_at_the_replica(
    watched: WatchedServers, redis: Redis, call: Callable[[Redis], Awaitable[object]]
) -> None:
    """The replica has it when the call returns."""
    await call(redis)

    assert int(str(await watched.nodes[1].ask("DBSIZE"))) > 0


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_without_a_replica_nothing_counts(
    watched: WatchedServers, redis: Redis, call: Callable[[Redis], Awaitable[object]]
) -> None:
    """The call fails, and why is known to who asks whether work is done."""
    await watched.nodes[1].kill()

    with pytest.raises(StoreDown, match="no replica confirmed"):
        await call(redis)

    assert "no replica confirmed" in redis.refusal(5)
    with pytest.raises(StoreDown, match="no replica confirmed"):
        await require_replica(redis)


async def test_one_writer_waits_for_a_replica_as_well(watched: WatchedServers) -> None:
    """Also where writes share a connection, each is at the replica when it returns, and fails without one."""
    async with aclosing(connect(watched.url, one_writer=True)) as redis:
        redis.waits_for_replica = True
        await test_what_counts_is_at_the_replica(watched, redis, _append)
        await test_without_a_replica_nothing_counts(watched, redis, _append)


async def test_others_do_not_wait_for_the_replica(watched: WatchedServers, redis: Redis) -> None:
    """While a record waits for a replica that hangs, a call that needs none is answered."""
    await _record(redis)
    freeze(watched.nodes[1], signal.SIGSTOP)
    try:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_fails(_append(redis)))
            also = group.create_task(_fails(_record(redis)))
            await redis.set("k", "v")
            assert not waiting.done()
            assert not also.done()
    finally:
        freeze(watched.nodes[1], signal.SIGCONT)


async def test_without_being_asked_for_no_replica_is_needed(watched: WatchedServers, redis: Redis) -> None:
    """By default a primary alone will do."""
    redis.waits_for_replica = False
    await watched.nodes[1].kill()

    await _append(redis)
    await _record(redis)


def freeze(node: Node, number: signal.Signals) -> None:
    """Let a server hang, or go on."""
    assert node.child is not None
    node.child.send(number)


async def _fails(call: Awaitable[object]) -> None:
    with pytest.raises(StoreDown, match="no replica confirmed"):
        await call
