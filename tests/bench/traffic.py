"""What Redis is asked, as it sees it itself: over the connections, and in scripts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.store.redis import Redis

OWN = "bench"
"""The name of the benchmark's own connections, which do not count."""
IN_SCRIPT = b" lua] "


@dataclass
class Traffic:
    """`commands`, those in scripts too, and `trips`, those that came over a connection."""

    commands: int = 0
    trips: int = 0

    def each(self, times: float) -> tuple[float, float]:
        """Return both, for each of so many times."""
        return self.commands / times, self.trips / times


@asynccontextmanager
async def watched(redis: Redis, socket: str) -> AsyncIterator[Traffic]:
    """Count what comes during the block; the figures are there after it."""
    seen, before = Traffic(), await _own(redis)
    reader, writer = await asyncio.open_unix_connection(socket, limit=2**24)
    writer.write(b"MONITOR\r\n")
    await reader.readline()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_count(reader, seen))
        yield seen
        own = await _own(redis) - before
        watching.cancel()
    writer.close()
    seen.commands -= own
    seen.trips -= own


async def _count(reader: asyncio.StreamReader, seen: Traffic) -> None:
    while line := await reader.readline():
        seen.commands += 1
        seen.trips += IN_SCRIPT not in line[:200]


async def _own(redis: Redis) -> int:
    return sum(int(client["tot-cmds"]) for client in await redis.client_list() if client["name"] == OWN)
