"""The primary of Redis is killed under load: with `durability = "replica"` nothing accepted is lost or doubled."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.store_clock import StoreClock
from tests.clocks import NEEDED
from tests.cluster_servers import ClusterServers
from tests.servers import BOTH, binary_of
from tests.stories.failovers import BACK, EVERY, Notes, Servers, until_writes_are_taken
from tests.stories.harness import Bridge, running, settled, until
from tests.topologies import WatchedServers

INCIDENTS = 12
NOTES = 24
UNSENT = 0.6
"""Seconds before its end in which its replicas hear nothing of the primary."""
CLOCKS = (0, 2, -2)
"""The seconds by which the clock of each server is fast: the next primary's is another than that of the first."""
KINDS = (*BOTH, pytest.param("cluster", id="cluster"), pytest.param("clocks", id="clocks apart", marks=NEEDED))


@pytest.fixture(params=KINDS)
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Servers:
    """
    Make a primary with two replicas and Sentinels, of Valkey, then of Debian's Redis; and a Redis Cluster.

    And one of Valkey whose servers have different clocks.
    """
    if request.param == "cluster":
        return ClusterServers(tmp_path / "servers")
    if request.param == "clocks":
        return WatchedServers(tmp_path / "servers", wrapped=partial(_with_a_clock, tmp_path))
    return WatchedServers(tmp_path / "servers", binary=binary_of(request.param))


@pytest.fixture
async def bridge(servers: Servers) -> AsyncIterator[Bridge]:
    """Run the bridge on it, with two workers, for which what counts is at a replica."""
    async with running(server=cast("EmbeddedValkey", servers), workers=2, durability="replica") as bridge:
        yield bridge


async def test_a_primary_that_is_killed_takes_nothing_along(bridge: Bridge, servers: Servers) -> None:
    """Notes and incidents come in all the while: what was accepted is done, and what was not is said to be not done."""
    for number in range(INCIDENTS // 2):
        bridge.trigger(f"Before {number}")
    await until(lambda: len(bridge.channel.messages) == INCIDENTS // 2, "the first cards")

    # So that much is accepted and not done yet.
    slow, notes = bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", delay=0.4)), Notes(bridge, INCIDENTS // 2)
    async with asyncio.TaskGroup() as group:
        group.create_task(notes.type(lambda typed: typed >= NOTES))
        await asyncio.sleep(NOTES * EVERY / 3)
        primary = await servers.primary()
        if isinstance(servers, WatchedServers):
            await _cut_off(servers)
        await primary.kill()
        for number in range(INCIDENTS // 2):
            bridge.trigger(f"During {number}")
        away = await until_writes_are_taken(servers)
        slow.remove()

    assert away < BACK
    await settled(bridge)
    await until(lambda: not notes.open(), "an answer to each note")
    assert ([], []) == (notes.doubled(), notes.lost())
    cards = [message.plain for message in bridge.channel.messages]
    titles = [f"{when} {number}" for when in ("Before", "During") for number in range(INCIDENTS // 2)]
    assert [1] * INCIDENTS == [sum(title in card for card in cards) for title in titles]


def _with_a_clock(directory: Path, number: int, binary: Path) -> Path:
    home = directory / f"clock{number}"
    home.mkdir()
    clock = StoreClock(home)
    clock.put(CLOCKS[number])
    return clock.server(binary)


async def _cut_off(servers: WatchedServers) -> None:
    """Let the replicas hear nothing of the primary for a while: a cluster takes no such order."""
    primary = await servers.primary()
    for replica in servers.nodes:
        if replica is not primary:
            await replica.ask("REPLICAOF", HOST, "1")
    await asyncio.sleep(UNSENT)
