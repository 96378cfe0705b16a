"""The servers that the store is tried on: real ones, and one that is none."""

from collections.abc import AsyncIterator
from typing import cast

import pytest
from fakeredis import FakeAsyncRedis

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store.redis import Redis
from tests.servers import BOTH, lent_valkey, program


@pytest.fixture(params=BOTH)
async def valkey(request: pytest.FixtureRequest) -> AsyncIterator[EmbeddedValkey]:
    """Run a server with its data on disk: a Valkey, then Debian's Redis."""
    async with lent_valkey(program(request.param)) as running:
        yield running


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """Give an empty store."""
    client = FakeAsyncRedis()
    client.waits_for_replica = False  # type: ignore[attr-defined]  # of our own client
    client.topology = client.writing = None  # type: ignore[attr-defined]  # the same
    yield cast("Redis", client)
    await client.aclose()
