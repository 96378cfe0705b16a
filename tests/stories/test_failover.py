"""The primary of Redis is killed under load: with `durability = "replica"` nothing accepted is lost or doubled."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.pagerduty import Fault
from shared.errors import StoreDown
from shared.store.redis import connect
from tests.servers import BOTH, program
from tests.stories.harness import Bridge, running, settled, until
from tests.topologies import HOST, WatchedServers

INCIDENTS = 12
NOTES = 24
EVERY = 0.25
"""Seconds between two notes."""
UNSENT = 0.6
"""Seconds before its end in which its replicas hear nothing of the primary."""
BACK = 5.0
"""Seconds in which the bridge works again."""


@pytest.fixture(params=BOTH)
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> WatchedServers:
    """Make a primary with two replicas, and Sentinels: of Valkey, then of Debian's Redis."""
    return WatchedServers(tmp_path / "servers", binary=program(request.param))


@pytest.fixture
async def bridge(servers: WatchedServers) -> AsyncIterator[Bridge]:
    """Run the bridge on it, with two workers, for which what counts is at a replica."""
    async with running(server=cast("EmbeddedValkey", servers), workers=2, durability="replica") as bridge:
        yield bridge


async def test_a_primary_that_is_killed_takes_nothing_along(bridge: Bridge, servers: WatchedServers) -> None:
    """Notes and incidents come in all the while: what was accepted is done, and what was not is said to be not done."""
    for number in range(INCIDENTS // 2):
        bridge.trigger(f"Before {number}")
    await until(lambda: len(bridge.channel.messages) == INCIDENTS // 2, "the first cards")

    # So that much is accepted and not done yet.
    slow = bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", delay=0.4))
    async with asyncio.TaskGroup() as group:
        group.create_task(_notes(bridge))
        await asyncio.sleep(NOTES * EVERY / 3)
        primary = await servers.primary()
        for replica in servers.nodes:
            if replica is not primary:
                await replica.ask("REPLICAOF", HOST, "1")
        await asyncio.sleep(UNSENT)
        await primary.kill()
        for number in range(INCIDENTS // 2):
            bridge.trigger(f"During {number}")
        away = await _until_writes_are_taken(servers)
        slow.remove()

    assert away < BACK
    await settled(bridge)
    await until(lambda: not _open_notes(bridge), "an answer to each note")
    done = _done_notes(bridge)
    assert set(done.values()) <= {1}, "a note was sent twice"
    assert all(text in done or _is_said_to_be_unsent(bridge, text) for text in map(_text, range(NOTES)))
    cards = [message.plain for message in bridge.channel.messages]
    titles = [f"{when} {number}" for when in ("Before", "During") for number in range(INCIDENTS // 2)]
    assert [1] * INCIDENTS == [sum(title in card for card in cards) for title in titles]


def _is_said_to_be_unsent(bridge: Bridge, text: str) -> bool:
    """Whether it was not accepted: Redis did not take it, or on a busy machine its incident was not found in time."""
    told = [message for message in bridge.private("Alice") if text in message]
    return any("could not be saved" in message or "Nothing was sent" in message for message in told)


def _text(number: int) -> str:
    return f"note-{number:02d}-of-alice"


async def _notes(bridge: Bridge) -> None:
    """Let Alice type notes all the while; each is taken within Slack's three seconds, or said to be not."""
    for number in range(NOTES):
        line = f"/pd note {number % (INCIDENTS // 2) + 1} {_text(number)}"
        await bridge.slack.person(bridge.acme.people["Alice"]).type_command(line, bridge.channel.id)
        await asyncio.sleep(EVERY)


def _done_notes(bridge: Bridge) -> Counter[str]:
    calls = [call for call in bridge.pagerduty.calls_to("POST", "/incidents/*/notes") if call.took_effect]
    return Counter(text for text in map(_text, range(NOTES)) for call in calls if text in str(call.body))


def _open_notes(bridge: Bridge) -> list[str]:
    done, told = _done_notes(bridge), "\n".join(bridge.private("Alice"))
    return [text for text in map(_text, range(NOTES)) if text not in done and text not in told]


async def _until_writes_are_taken(servers: WatchedServers) -> float:
    """Return the seconds after which writes are taken again, and are at a replica."""
    began, redis = time.monotonic(), connect(servers.url)
    redis.waits_for_replica = True
    try:
        while time.monotonic() - began < 2 * BACK:
            try:
                await redis.execute_command("SET", "k", "v", copied=True)
            except StoreDown:
                await asyncio.sleep(0.05)
            else:
                break
    finally:
        await redis.aclose()
    return time.monotonic() - began
