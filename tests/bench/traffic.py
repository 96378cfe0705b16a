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
ENRICHES = b":lease:briefing"
"""Of a command with which the enrichment of a card begins: in the script that takes the work."""
LOOKS = b'"LLEN" "XLEN" "ZCARD"'.split()
"""The commands by which only the benchmark looks whether all is at rest."""


@dataclass
class Traffic:
    """
    `commands`, those in scripts too, and `trips`, those that came over a connection.

    `shown` is what of them came before the first card was enriched, None if none was.
    """

    commands: float = 0
    trips: float = 0
    shown: "Traffic | None" = None

    def add(self, other: "Traffic") -> None:
        """Add what another one has counted."""
        self.commands += other.commands
        self.trips += other.trips

    def leave_out(self, idle: tuple[float, float], seconds: float, own: int = 0) -> None:
        """Leave out what comes while nothing happens, by the second, and what the benchmark itself has sent."""
        self.commands -= own + seconds * idle[0]
        self.trips -= own + seconds * idle[1]

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
        watching = group.create_task(_count(reader, seen, idle, begun))
        yield seen
        own = await _own(redis) - before
        watching.cancel()
    writer.close()
    seen.leave_out(idle, time.perf_counter() - begun, own)


async def _count(reader: asyncio.StreamReader, seen: Traffic, idle: tuple[float, float], begun: float) -> None:
    script, looks = Traffic(), 0
    while line := await reader.readline():
        if IN_SCRIPT not in line[:200]:
            script = Traffic(seen.commands, seen.trips)
            seen.trips += 1
        seen.commands += 1
        looks += any(look in line[:200] for look in LOOKS)
        if seen.shown is None and ENRICHES in line:
            seen.shown = script
            script.leave_out(idle, time.perf_counter() - begun, looks)


async def _own(redis: Redis) -> int:
    return sum(int(client["tot-cmds"]) for client in await redis.client_list() if client["name"] == OWN)
