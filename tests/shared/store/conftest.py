"""The real servers that the store is tried on."""

from collections.abc import AsyncIterator

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from tests.servers import BOTH, lent_valkey, program


@pytest.fixture(params=BOTH)
async def valkey(request: pytest.FixtureRequest) -> AsyncIterator[EmbeddedValkey]:
    """Run a server with its data on disk: a Valkey, then Debian's Redis."""
    async with lent_valkey(program(request.param)) as running:
        yield running
