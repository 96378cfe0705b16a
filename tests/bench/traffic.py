"""What Redis is asked, as it sees it itself: over the connections, and in scripts."""

import asyncio
import time
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

    commands: float = 0
    trips: float = 0

    def add(self, other: "Traffic") -> None:
        """Add what another one has counted."""
        self.commands += other.commands
        self.trips += other.trips

    def each(self, times: float) -> tuple[float, float]:
        """Return both, for each of so many times."""
        return self.commands / times, self.trips / times


@asynccontextmanager
async def watched(redis: Redis, socket: str, idle: tuple[float, float] = (0.0, 0.0)) -> AsyncIterator[Traffic]:
    """
    Count what comes during the block; the figures are there after it.

    `idle` are the commands and trips of a second in which nothing happens, which are not counted.
    """
    seen, before, begun = Traffic(), await _own(redis), time.perf_counter()
    reader, writer = await asyncio.open_unix_connection(socket, limit=2**24)
    writer.write(b"MONITOR\r\n")
    await reader.readline()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_count(reader, seen))
        yield seen
        own = await _own(redis) - before
        watching.cancel()
    writer.close()
    seconds = time.perf_counter() - begun
    seen.commands -= own + seconds * idle[0]
    seen.trips -= own + seconds * idle[1]


async def _count(reader: asyncio.StreamReader, seen: Traffic) -> None:
    while line := await reader.readline():
        seen.commands += 1
        seen.trips += IN_SCRIPT not in line[:200]


async def _own(redis: Redis) -> int:
    return sum(int(client["tot-cmds"]) for client in await redis.client_list() if client["name"] == OWN)
