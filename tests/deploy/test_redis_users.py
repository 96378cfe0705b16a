"""The rights of the two processes at Redis, on a server that was started with the deployment's own file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.errors import StoreDown
from shared.store import keys
from shared.store.clock import require_layout
from shared.store.redis import Redis, append, connect, probe
from tests.deploy.users import Store, store


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Store]:
    """Run the server."""
    async with store(tmp_path) as running:
        yield running


async def allowed(server: Store, user: str, *lines: str) -> list[str]:
    """Give each line as a command, and return those that the user was allowed."""
    client = connect(server.url(user))
    try:
        return [line for line in lines if not await refused(client, line)]
    finally:
        await client.aclose()


async def refused(client: Redis, line: str) -> bool:
    """Tell whether a command is refused for want of rights; any other error means that it was not."""
    try:
        await client.execute_command(*line.split())
    except StoreDown as error:
        return "no permissions" in str(error).lower()
    return False


async def test_the_receiver_appends_and_nothing_else(server: Store) -> None:
    """It stores deliveries durably, learns how durable, reads the layout, and nothing else, not even its entries."""
    client = connect(server.url("receiver"))
    assert (await probe(client)).fsync
    assert await append(client, keys.EVENTS, {"body": b"x"}, wait_for_disk=True)
    assert not await require_layout(client)
    await client.aclose()

    assert [] == await allowed(
        server,
        "receiver",
        f"XRANGE {keys.EVENTS} - +",
        f"XREAD STREAMS {keys.EVENTS} 0",
        f"XLEN {keys.EVENTS}",
        f"XDEL {keys.EVENTS} 0-1",
        f"XTRIM {keys.EVENTS} MAXLEN 0",
        f"DEL {keys.EVENTS}",
        f"XADD {keys.COMMANDS} * body x",
        f"XADD {keys.AUDIT} * body x",
        f"XADD {keys.DEAD_LETTERS} * body x",
        f"SET {keys.GENERATION} x",
        f"GET {keys.EVENTS}",
        "GET pb:x",
        "EVAL return 0",
        "SCRIPT LOAD x",
        "KEYS *",
        "SCAN 0",
        "INFO",
        "CONFIG GET *",
        "ACL LIST",
        "CLIENT LIST",
        "FLUSHALL",
        "SHUTDOWN",
    )


async def test_the_worker_has_its_keys_and_no_others(server: Store) -> None:
    """It works on `pb:*`; other keys, other users' business and the server itself are out of its reach."""
    assert ["SET pb:x 1", "TIME"] == await allowed(
        server,
        "worker",
        "SET pb:x 1",
        "TIME",
        "SET other 1",
        "GET other",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "CONFIG GET *",
        "CONFIG SET appendonly no",
        "ACL LIST",
        "CLIENT LIST",
        "MONITOR",
        "FLUSHALL",
        "FLUSHDB",
        "SHUTDOWN",
        "FUNCTION LIST",
        "PUBLISH x y",
    )


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{}", "redis://receiver:wrong@127.0.0.1:{}"])
async def test_nobody_else_gets_in(server: Store, url: str) -> None:
    """Without a name, or with a wrong password, nothing is answered."""
    client = connect(url.format(server.port))
    with pytest.raises(StoreDown):
        await client.ping()
    await client.aclose()
