"""A Redis Cluster: the master that has the slot of the bridge is found, and found again when it is another one."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
import pytest_asyncio

from shared.errors import ScriptFailed, StoreDown, WrongPassword
from shared.model.ids import IncidentId
from shared.model.resync_state import GLOBAL
from shared.store import cluster, keys
from shared.store.cluster import SLOT
from shared.store.coordination import Due, Leases, WorkQueue
from shared.store.document_kinds import progress
from shared.store.redis import BLOCKING_TIMEOUT, Redis, connect
from shared.store.streams import append
from tests.cluster_servers import ClusterServers
from tests.servers import BOTH, binary_of
from tests.shared.store.test_replica import freeze
from tests.topologies import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = {"body": b"x"}
WITHIN = 20.0
"""Seconds within which writes are taken again after the master died, on a busy machine; the proof measures it."""
KEY = "pb:{work}:tried"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=BOTH)
async def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ClusterServers]:
    """Run three masters with three replicas: of Valkey, then of Debian's Redis."""
    async with ClusterServers(tmp_path_factory.mktemp("cluster") / "servers", binary=binary_of(request.param)) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def servers(made: ClusterServers) -> ClusterServers:
    """Give the whole cluster, whatever the last test has done to it."""
    await made.start()
    return made


@pytest_asyncio.fixture(loop_scope="module")
async def redis(servers: ClusterServers) -> AsyncIterator[Redis]:
    """Connect to the cluster; what counts is at a replica."""
    client = connect(servers.url)
    client.waits_for_replica = True
    await client.flushall()
    yield client
    await client.aclose()


async def test_it_goes_where_its_slot_goes(servers: ClusterServers, redis: Redis) -> None:
    """A master that is killed, hangs, or gives its slot away is left: over every connection, and within seconds."""
    blocking = connect(servers.url, blocking=True)
    await _works(redis, blocking)

    await servers.fail_over()
    await _works(redis, blocking)
    await (killed := await servers.primary()).kill()
    await _works(redis, blocking)
    killed.start()
    await servers.healthy()
    freeze(hanging := await servers.primary(), signal.SIGSTOP)
    await _works(redis, blocking)
    freeze(hanging, signal.SIGCONT)
    await servers.healthy()
    async with servers.migration(KEY + ":set"):
        pass
    await _works(redis, blocking)
    await blocking.aclose()


async def test_a_slot_that_is_in_two_places(
    servers: ClusterServers, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its keys are moved, what the old master refuses is asked for again, and done once when all have moved."""
    monkeypatch.setattr(cluster, "REDIRECTED_FOR", 20.0)
    queue = WorkQueue(redis, "dirty", 5.0)
    await queue.mark(IncidentId("Q1"))
    await redis.rpush(keys.DELIVERIES, "")
    async with asyncio.TaskGroup() as group, servers.migration(keys.DELIVERIES):
        appended = group.create_task(append(redis, keys.COMMANDS, FIELDS, wait_for_disk=False))
        recorded = group.create_task(progress(redis).change(GLOBAL, lambda kept: replace(kept, problem="x")))
        with pytest.raises(StoreDown) as refused:
            await queue.take(Leases(redis, "slack", 5.0), ["slack"])
        assert not isinstance(refused.value, ScriptFailed)
        assert (False, False) == (appended.done(), recorded.done())

    assert 1 == await redis.xlen(keys.COMMANDS)
    assert "x" == (await progress(redis).load(GLOBAL)).value.problem
    assert isinstance(await queue.take(Leases(redis, "slack", 5.0), ["slack"]), Due)


async def test_a_slot_that_no_master_has(servers: ClusterServers, redis: Redis) -> None:
    """It is said to be so, and nothing is accepted; when a master has it again, all goes on by itself."""
    await redis.set(f"{KEY}:set", "v")
    owner = await servers.primary()
    for node in servers.nodes:
        await node.ask("CLUSTER", "DELSLOTS", str(SLOT))

    with pytest.raises(StoreDown, match=r"its cluster is down|no master has slot"):
        await append(redis, keys.COMMANDS, FIELDS, wait_for_disk=False)

    await owner.ask("CLUSTER", "ADDSLOTS", str(SLOT))
    await _works(redis, blocking := connect(servers.url, blocking=True))
    await blocking.aclose()


async def test_users_may_differ_from_node_to_node(servers: ClusterServers) -> None:
    """Whoever may not log in, or not ask where the slot is, learns that; no node is asked for more."""
    for node in servers.nodes:
        await node.ask("ACL", "SETUSER", "app", "on", ">p@w", "~*", "-@all", "+cluster|slots", "+set")
        await node.ask("ACL", "SETUSER", "blind", "on", ">p@w", "~*", "+@all", "-cluster|slots")
    hosts = servers.url.removeprefix("redis+cluster://")
    app, blind, stranger = (
        connect(f"redis+cluster://{user}@{hosts}") for user in ("app:p%40w", "blind:p%40w", "app:wrong")
    )

    await app.set(KEY, "v")
    with pytest.raises(StoreDown, match=r"none of the nodes of the cluster .* has no permissions"):
        await blind.set(KEY, "v")
    with pytest.raises(WrongPassword):
        await stranger.set(KEY, "v")
    for client in (app, blind, stranger):
        await client.aclose()


async def test_a_cluster_that_cannot_be_reached(servers: ClusterServers) -> None:
    """One node of the address is enough; without any the error names them."""
    redis = connect(f"redis+cluster://127.0.0.1:1,127.0.0.1:{servers.nodes[2].port}")
    await redis.set(KEY, "v")
    await servers.stop()

    with suppress(StoreDown):  # the connection breaks
        await redis.set(KEY, "v")
    with pytest.raises(StoreDown, match=rf"none of the nodes of the cluster .*:{servers.nodes[2].port}\b"):
        await redis.set(KEY, "v")
    await redis.aclose()


async def test_one_node_at_a_fixed_address(servers: ClusterServers) -> None:
    """`redis://` of a node that has other slots is told the address that works."""
    owner = await servers.primary()
    redis = connect(next(node for node in servers.nodes if node is not owner).url)

    with pytest.raises(StoreDown, match=r"redis\+cluster://"):
        await redis.set(KEY, "v")
    await redis.aclose()


async def _works(redis: Redis, blocking: Redis) -> None:
    """Wait until quick calls, appends and reads that wait reach the master, which must not take long."""
    async with asyncio.timeout(WITHIN):
        await until(lambda: _set(redis), "a master")
        await asyncio.gather(*(append(redis, keys.COMMANDS, FIELDS, wait_for_disk=False) for _ in range(8)))
    async with asyncio.timeout(BLOCKING_TIMEOUT + WITHIN):
        await redis.rpush(KEY, "1")
        await until(lambda: _taken(blocking), "a read that waits")


async def _set(redis: Redis) -> bool:
    return bool(await redis.set(f"{KEY}:set", "v"))


async def _taken(blocking: Redis) -> bool:
    return bool(await blocking.blpop([KEY], timeout=1))
