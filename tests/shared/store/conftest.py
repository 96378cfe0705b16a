"""The real servers that the store is tried on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from tests.servers import BOTH, program


@pytest.fixture(params=BOTH)
async def valkey(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    """Run a server with its data on disk: a Valkey, then Debian's Redis."""
    async with EmbeddedValkey(tmp_path / "valkey", binary=program(request.param)) as running:
        yield running
