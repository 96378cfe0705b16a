"""The servers that tests lend to each other."""

from contextlib import aclosing

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.errors import StoreDown
from shared.store.redis import connect
from tests.servers import lent_valkey


async def leave_traces(server: EmbeddedValkey) -> None:
    """Store something, call what does not exist, and give a wrong password."""
    async with aclosing(connect(server.url)) as redis:
        await redis.set("something", 1)
        with pytest.raises(StoreDown):
            await redis.execute_command("NONSENSE")
        with pytest.raises(StoreDown):
            await redis.execute_command("AUTH", "nobody", "wrong")


@pytest.mark.process
async def test_the_next_test_finds_no_traces() -> None:
    """Data, the log of refusals and the counts of errors are gone when the same server is lent again."""
    async with lent_valkey() as server:
        before = server.pid
        await leave_traces(server)

    async with lent_valkey() as server, aclosing(connect(server.url)) as redis:
        assert before == server.pid
        assert 0 == await redis.dbsize()
        assert [] == await redis.acl_log()
        assert {} == await redis.info("errorstats")
