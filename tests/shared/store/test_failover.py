"""A server that answers and refuses: what is behind its address is looked for anew, over new connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.errors import StoreDown
from shared.model.ids import IncidentId
from shared.store.coordination import WorkQueue
from shared.store.redis import Redis, connect
from shared.store.streams import append
from tests.servers import BOTH, lent_valkey, program

FIELDS = {"body": b"x"}
NOBODY = ("127.0.0.1", "1")


@dataclass(frozen=True)
class Failover:
    """An address that leads to `old`, until it is moved to `new`; connections stay where they are."""

    old: EmbeddedValkey
    new: EmbeddedValkey
    address: Path

    def point_to(self, server: EmbeddedValkey) -> None:
        """Move the address, as a failover does with a name."""
        self.address.unlink(missing_ok=True)
        self.address.symlink_to(unquote(server.url.removeprefix("unix://")))

    async def at_old(self, *command: str) -> None:
        """Give the old primary a command of its operator."""
        redis = connect(self.old.url)
        await redis.execute_command(*command)
        await redis.aclose()


@pytest.fixture(params=BOTH)
async def failover(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Failover]:
    """Run two servers of which the first is the primary; it can't be lent again."""
    old = EmbeddedValkey(tmp_path / "old", binary=program(request.param))
    async with old, lent_valkey(program(request.param)) as new:
        made = Failover(old, new, tmp_path / "address")
        made.point_to(old)
        yield made


@pytest.fixture
async def redis(failover: Failover) -> AsyncIterator[Redis]:
    """Connect to the address, over several connections, which stay open."""
    client = connect(f"unix://{failover.address}")
    await asyncio.gather(*(client.ping() for _ in range(8)))
    yield client
    await client.aclose()


CALLS: dict[str, Callable[[Redis], Awaitable[object]]] = {
    "an append": lambda redis: append(redis, "s", FIELDS, wait_for_disk=False),
    "a command": lambda redis: redis.set("k", "v"),
    "a script": lambda redis: WorkQueue(redis, "dirty", 1.0).mark(IncidentId("Q1")),
}
REFUSALS = {
    "READONLY": ("REPLICAOF", *NOBODY),
    "NOREPLICAS": ("CONFIG", "SET", "min-replicas-to-write", "1"),
    "NOPERM": ("ACL", "SETUSER", "default", "-@write", "-@scripting"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("command", REFUSALS.values(), ids=REFUSALS)
async def test_one_refusal_is_enough_to_leave_a_server(
    redis: Redis, failover: Failover, command: tuple[str, ...], call: Callable[[Redis], Awaitable[object]]
) -> None:
    """The primary has been replaced and keeps its connections: one call fails, and all after it reach the new one."""
    await call(redis)
    await failover.at_old(*command)
    failover.point_to(failover.new)

    with pytest.raises(StoreDown):
        await call(redis)

    await asyncio.gather(*(call(redis) for _ in range(8)))


@pytest.mark.parametrize("command", REFUSALS.values(), ids=REFUSALS)
async def test_one_writer_leaves_a_server_that_refuses(failover: Failover, command: tuple[str, ...]) -> None:
    """So does a client whose writes share a connection."""
    async with aclosing(connect(f"unix://{failover.address}", one_writer=True)) as redis:
        await test_one_refusal_is_enough_to_leave_a_server(redis, failover, command, CALLS["an append"])


async def test_a_password_that_was_changed_is_asked_for_anew(redis: Redis, failover: Failover) -> None:
    """A session that is no longer logged in is left, and so are the others."""
    await failover.at_old("CONFIG", "SET", "requirepass", "other")
    await redis.execute_command("RESET")
    failover.point_to(failover.new)

    with pytest.raises(StoreDown):
        await redis.set("k", "v")

    await redis.set("k", "v")


async def test_a_read_that_waits_is_told_when_its_server_becomes_a_replica(failover: Failover) -> None:
    """It ends at once, and the next one waits at the new primary."""
    redis = connect(f"unix://{failover.address}", blocking=True)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_refused(redis.blpop(["k"], timeout=4)))
        await _blocked(failover)
        failover.point_to(failover.new)
        await failover.at_old("REPLICAOF", *NOBODY)

    assert "UNBLOCKED" in waiting.result()

    await redis.lpush("k", "v")
    await redis.aclose()


async def test_a_mistake_in_a_command_costs_no_connection(redis: Redis, failover: Failover) -> None:
    """An error that says something about the command, the data or the memory is no reason to leave."""
    before = await redis.client_id()
    for command in (("NONSENSE",), ("SET", "k"), ("XADD", "s", "0-0", "f", "v"), ("LPUSH", "k")):
        with pytest.raises(StoreDown):
            await redis.execute_command(*command)
    await redis.set("k", "v")
    with pytest.raises(StoreDown):
        await redis.lpush("k", "v")
    await failover.at_old("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StoreDown):
        await redis.set("k", "v")

    assert before == await redis.client_id()


async def _refused(call: Awaitable[object]) -> str:
    with pytest.raises(StoreDown) as raised:
        await call
    return str(raised.value)


async def _blocked(failover: Failover) -> None:
    redis = connect(failover.old.url)
    async with asyncio.timeout(5):
        while not (await redis.info("clients"))["blocked_clients"]:  # noqa: ASYNC110 -- Redis has no event for it
            await asyncio.sleep(0.01)
    await redis.aclose()
