"""A server of Valkey or Redis, and a receiver in front of it."""

from collections.abc import AsyncIterator

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store.redis import Redis, connect
from tests.servers import lent_valkey, program
from tests.webhook_receiver.running import Running, running


@pytest.fixture
async def valkey() -> AsyncIterator[EmbeddedValkey]:
    """Run a Valkey with its data on disk."""
    async with lent_valkey(program()) as server:
        yield server


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Look at what is stored."""
    client = connect(valkey.url)
    yield client
    await client.aclose()


@pytest.fixture
async def receiver(valkey: EmbeddedValkey) -> AsyncIterator[Running]:
    """Run a receiver."""
    async with running(valkey.url) as at_work:
        yield at_work
