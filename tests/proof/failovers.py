"""
`python -m tests.proof.failovers`: kill the primary of Redis again and again under load, and count what was lost.

With `durability = "replica"`, behind Sentinel and in a Redis Cluster: 12 incidents, and four notes a second all the
while. A killed server is started again as a replica before the next one is killed. In the Cluster the slot is moved to
another master and back after that, and a replica takes it over as planned.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import cast

import structlog

from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store import keys
from tests.cluster_servers import ClusterServers
from tests.servers import binary_of
from tests.stories.failovers import BACK, Notes, Servers, until_writes_are_taken
from tests.stories.harness import Bridge, running, settled, until
from tests.topologies import WatchedServers

INCIDENTS = 12
CALM = 1.0
"""Seconds of work between two kills."""
HALFWAY = 0.5
"""Seconds for which the slot stays in two places."""
KINDS: dict[str, type[Servers]] = {"sentinel": WatchedServers, "cluster": ClusterServers}


async def kills(kind: str, count: int, binary: Path | None) -> bool:
    """Kill so many primaries, print what came of it, and tell whether every promise was kept."""
    with tempfile.TemporaryDirectory(prefix="failovers-") as home:
        servers = KINDS[kind](Path(home) / "servers", binary=binary)
        async with running(server=cast("EmbeddedValkey", servers), workers=2, durability="replica") as bridge:
            for number in range(INCIDENTS):
                bridge.trigger(f"Incident {number}")
            await until(lambda: len(bridge.channel.messages) == INCIDENTS, "the cards")
            notes, over = Notes(bridge, INCIDENTS), asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(notes.type(lambda _: over.is_set()))
                away = [await _kill(servers) for _ in range(count)]
                if isinstance(servers, ClusterServers):
                    await _move(servers)
                over.set()
            await servers.healthy()
            await settled(bridge)
            await until(lambda: not notes.open(), "an answer to each note")
            return _shown(kind, away, notes, bridge)


async def _kill(servers: Servers) -> float:
    await servers.healthy()
    await asyncio.sleep(CALM)
    primary = await servers.primary()
    await primary.kill()
    away = await until_writes_are_taken(servers)
    primary.start()
    return away


async def _move(servers: ClusterServers) -> None:
    """Move the slot to another master and back, and let a replica take it over as planned."""
    for _ in range(2):
        await servers.healthy()
        await asyncio.sleep(CALM)
        async with servers.migration(keys.GENERATION):
            await asyncio.sleep(HALFWAY)
    await servers.healthy()
    await servers.fail_over()
    await asyncio.sleep(CALM)


def _shown(kind: str, away: list[float], notes: Notes, bridge: Bridge) -> bool:
    doubled, lost, cards = notes.doubled(), notes.lost(), len(bridge.channel.messages)
    lines = (
        f"{kind}: {len(away)} primaries killed; back after {median(away):.1f} s, {max(away):.1f} s at most",
        f"  {notes.typed} notes typed, {len(notes.done())} sent, the others said to be not sent",
        f"  {len(lost)} lost, {len(doubled)} doubled, {cards} cards of {INCIDENTS} incidents",
        *(f"  {what}: {', '.join(which)}" for what, which in (("lost", lost), ("doubled", doubled)) if which),
        *(f"  told of {text}: {message}" for text in lost[:3] for message in notes.told(text)),
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return max(away) < BACK and not doubled and not lost and cards == INCIDENTS


def main() -> int:
    """Read the command line, kill, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.failovers", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--server", default="", help="another program than the embedded Valkey")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kinds = [given.only] if given.only else list(KINDS)
    done = [asyncio.run(kills(kind, given.kills, binary_of(given.server))) for kind in kinds]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
