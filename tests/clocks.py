"""
A server whose clock a test puts forward or back while it runs: the embedded Valkey.

Debian's `redis-server` does not start under libfaketime, because its allocator asks for the time too early.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pagebridge.local import embedded_valkey
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.store_clock import FAKETIME, StoreClock

NEEDED = pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
"""For what needs such a server."""
HOUR = 3600


@asynccontextmanager
async def stepping(directory: Path) -> AsyncIterator[tuple[EmbeddedValkey, StoreClock]]:
    """Run a Valkey with a clock that can be put."""
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    clock = StoreClock(directory)
    binary = clock.server(embedded_valkey.packaged_binary())
    async with EmbeddedValkey(directory / "valkey", binary=binary) as server:
        yield server, clock
