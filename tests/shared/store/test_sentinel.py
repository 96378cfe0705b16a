"""Redis behind Sentinel: the primary is found, and found again when it is another one."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import StoreDown
from shared.store.redis import Redis, connect
from shared.store.streams import append
from tests.servers import BOTH, binary_of
from tests.topologies import NAME, Node, WatchedServers, until

FIELDS = {"body": b"x"}
WITHIN = 20.0
"""Seconds within which writes are taken again after the primary died."""


@pytest.fixture(params=BOTH)
async def watched(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WatchedServers]:
    """Run a primary with two replicas, and Sentinels: of Valkey, then of Debian's Redis."""
    async with WatchedServers(tmp_path / "servers", binary=binary_of(request.param)) as servers:
        yield servers


@pytest.fixture
async def redis(watched: WatchedServers) -> AsyncIterator[Redis]:
    """Connect through the Sentinels."""
    client = connect(watched.url)
    yield client
    await client.aclose()


async def test_writes_go_on_after_the_primary_was_killed(watched: WatchedServers, redis: Redis) -> None:
    """The calls under way fail, and within seconds quick calls, appends and reads that wait reach the new primary."""
    blocking = connect(watched.url, blocking=True)
    await append(redis, "s", FIELDS, wait_for_disk=False)
    await (await watched.primary()).kill()

    async with asyncio.timeout(WITHIN):
        await _until_it_works(redis)
        await append(redis, "s", FIELDS, wait_for_disk=False)
        await redis.lpush("row", "1")
        assert await blocking.blpop(["row"], timeout=1)
    await blocking.aclose()


async def test_a_planned_failover_costs_no_more_than_a_call(watched: WatchedServers, redis: Redis) -> None:
    """The old primary lives on as a replica, which refuses to write: it is left, over every connection."""
    await append(redis, "s", FIELDS, wait_for_disk=False)
    await watched.fail_over()

    async with asyncio.timeout(WITHIN):
        await _until_it_works(redis)
        await asyncio.gather(*(append(redis, "s", FIELDS, wait_for_disk=False) for _ in range(8)))


async def test_a_sentinel_that_is_gone_is_not_needed(watched: WatchedServers, redis: Redis) -> None:
    """Two of three tell where the primary is."""
    await watched.sentinels[0].kill()

    await redis.set("k", "v")


async def test_a_sentinel_that_has_not_heard_of_the_failover_leads_nobody_back(watched: WatchedServers) -> None:
    """The old primary was started again, and takes writes until it is told to be a replica; all Sentinels are asked."""
    late, old = watched.sentinels[0], await watched.primary()
    await late.kill()
    await old.kill()
    now = await another_primary(watched.sentinels[1], old)
    old.start()
    late.start()
    await until(lambda: _answers(late), "the Sentinel that is late")

    for _ in range(5):
        redis = connect(watched.url)
        assert now == await port_of(redis)
        await redis.aclose()


async def test_all_connections_leave_the_old_primary_as_soon_as_one_has_found_the_new(watched: WatchedServers) -> None:
    """It hung, and goes on as if nothing had happened: two parts of one piece of work must not go to two servers."""
    redis, blocking = connect(watched.url), connect(watched.url, blocking=True)
    assert redis.topology is not None
    redis.topology.leaves.append(blocking.leave_server)
    redis.waits_for_replica = True
    old = await watched.primary()
    assert old.port == await port_of(redis) == await port_of(blocking)
    assert old.child is not None
    old.child.send(signal.SIGSTOP)
    await another_primary(watched.sentinels[0], old)
    old.child.send(signal.SIGCONT)

    async with asyncio.timeout(WITHIN):
        await _until_it_works(redis, copied=True)

    assert old.port != await port_of(redis)
    assert old.port != await port_of(blocking)
    await redis.aclose()
    await blocking.aclose()


async def test_without_any_sentinel_the_way_is_said_to_be_unknown(watched: WatchedServers, redis: Redis) -> None:
    """The error names the Sentinels and the name that they were asked for, and no setting."""
    for sentinel in watched.sentinels:
        await sentinel.kill()

    with pytest.raises(StoreDown) as raised:
        await redis.set("k", "v")

    assert f"says where the primary {NAME} is" in str(raised.value)
    assert "socket" not in str(raised.value)


async def test_a_name_that_they_do_not_watch(watched: WatchedServers) -> None:
    """A wrong name is said like an unknown place."""
    redis = connect(watched.url.removesuffix(NAME) + "other")

    with pytest.raises(StoreDown) as raised:
        await redis.set("k", "v")

    assert "says where the primary other is" in str(raised.value)
    await redis.aclose()


async def test_users_of_the_servers_and_of_the_sentinels(watched: WatchedServers) -> None:
    """The user before the hosts logs in at the primary, the one after the question mark at the Sentinels."""
    for node in watched.nodes:
        await node.ask("ACL", "SETUSER", "app", "on", ">p@w", "~*", "+@all")
    for sentinel in watched.sentinels:
        await sentinel.ask(
            "ACL", "SETUSER", "asks", "on", ">s@w", "-@all", "+sentinel|masters", "+sentinel|get-master-addr-by-name"
        )
        await sentinel.ask("ACL", "SETUSER", "default", "off")
    hosts = watched.url.removeprefix("redis+sentinel://")
    redis = connect(f"redis+sentinel://app:p%40w@{hosts}?sentinel_username=asks&sentinel_password=s%40w")
    stranger = connect(f"redis+sentinel://app:p%40w@{hosts}")

    assert "app" == await redis.execute_command("ACL WHOAMI")
    with pytest.raises(StoreDown, match="want another user or password"):
        await stranger.set("k", "v")
    await redis.aclose()
    await stranger.aclose()


async def another_primary(sentinel: Node, old: Node) -> int:
    """Wait until a Sentinel names another server than the old one, and return its port."""

    async def named() -> int:
        answer = await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return int(answer[1]) if isinstance(answer, list) else old.port

    async def is_another() -> bool:
        return await named() != old.port

    await until(is_another, "another primary")
    return await named()


async def _answers(sentinel: Node) -> bool:
    return bool(await sentinel.ask("PING"))


async def port_of(redis: Redis) -> int:
    """Return the port of the server that a client's next call reaches."""
    return int((await redis.info("server"))["tcp_port"])


async def _until_it_works(redis: Redis, *, copied: bool = False) -> None:
    while True:
        try:
            await redis.execute_command("SET", "k", "v", copied=copied)
        except StoreDown:
            await asyncio.sleep(0.05)
        else:
            return
