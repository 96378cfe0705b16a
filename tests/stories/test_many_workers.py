"""More workers than Slack allows connections for: two have them, the others stand by and do everything else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bolt_app.slack_transport.socket_mode import CONNECTIONS, HOLDERS
from bolt_app.worker import Worker
from pagebridge_sandbox.slack import Fault, Interaction, RateLimits
from shared.model.resync_state import GLOBAL
from shared.store import keys
from shared.store.redis import connect
from tests.stories.durations import HANDING_OVER
from tests.stories.harness import FAST, Bridge, is_standby, running, settled, until
from tests.stories.processes import deployed_with_receiver, incidents

MANY = 20
HELD = HOLDERS * CONNECTIONS
AS_SLACK = RateLimits(posts_per_second=1000.0, post_burst=1000)
"""Slack's limits, but for messages."""
PATIENT = replace(
    FAST,
    pace=0.5,
    socket_lease=5.0,
    store_timeout=8.0,
    slack_timeout=12.0,
    pagerduty_timeout=12.0,
    call_max=15.0,
    lease=15.0,
)
"""Twenty workers in one process may be late to prolong a lease."""
SLOW = replace(FAST, socket_lease=9.0, socket_handover=3.5)
"""Who stands by looks up to 3 s later: long after a worker without anything in hand could have ended."""


@pytest.fixture
async def three() -> AsyncIterator[Bridge]:
    """Run three workers: two have connections, the third stands by."""
    async with running(workers=3, durations=HANDING_OVER) as bridge:
        yield bridge


async def clicked(bridge: Bridge, count: int) -> list[Interaction]:
    """Let monitoring open so many incidents, and Alice acknowledge one after the other, again if Slack failed."""
    cards = await incidents(bridge, *(f"incident {number:02}" for number in range(count)))
    clicks = []
    for card in cards:
        clicks.append(await bridge.click("Alice", "Acknowledge", card))
        if not clicks[-1].acked and "Acknowledge" in card.buttons:
            await bridge.click("Alice", "Acknowledge", card)
        await asyncio.sleep(0.05)
    return clicks


def holders(workers: list[Worker]) -> list[Worker]:
    """List the workers that have, or should have, connections."""
    return [worker for worker in workers if not is_standby(worker)]


@dataclass
class Noted:
    """The fewest and the most connections that Slack had."""

    fewest: int
    most: int = 0

    async def watch(self, bridge: Bridge) -> None:
        """Note them, until cancelled."""
        while True:
            now = bridge.slack.socket.connections
            self.fewest, self.most = min(self.fewest, now), max(self.most, now)
            await asyncio.sleep(0.002)


@asynccontextmanager
async def connections(bridge: Bridge) -> AsyncIterator[Noted]:
    """Note how many connections Slack has meanwhile."""
    noted = Noted(bridge.slack.socket.connections)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(noted.watch(bridge))
        yield noted
        watching.cancel()


async def test_twenty_workers_start_at_once() -> None:
    """Two have connections, the others are ready without; no start is ended by limits, and Slack sees none exceeded."""
    async with running(workers=0, limits=AS_SLACK) as bridge:
        async with connections(bridge) as noted:
            starting = (bridge.start_worker(PATIENT) for _ in range(MANY))
            workers = list(await asyncio.gather(*starting))
            await until(lambda: HOLDERS == len(holders(workers)), "eighteen workers to stand by")
            await bridge.slack.socket.wait_connected(HELD)

            clicks = await clicked(bridge, 4)
            await settled(bridge)

        assert (HELD, HELD) == (bridge.slack.socket.connections, noted.most)
        assert [True] * 4 == [click.acked for click in clicks]
        assert 4 == len(bridge.effects())
        assert [] == [call for call in bridge.slack.calls if call.error == "ratelimited"]


async def test_slack_asks_for_patience_while_workers_start() -> None:
    """Who we are is asked for again, a connection too; none of it ends the worker."""
    async with running(workers=0) as bridge:
        for method in ("auth.test", "apps.connections.open", "apps.connections.open"):
            bridge.slack.add_fault(Fault(method, retry_after=1, times=1))

        await bridge.start_worker()

        assert [True] == [click.acked for click in await clicked(bridge, 1)]


async def test_all_holders_are_replaced_at_once() -> None:
    """Both are told to stop under clicks: Slack always has a connection, and each click but one at the end is taken."""
    async with running(workers=4, durations=SLOW) as four:
        old = holders(four.workers)
        async with connections(four) as noted:
            async with asyncio.TaskGroup() as group:
                clicking = group.create_task(clicked(four, 12))
                await until(lambda: len(four.effects()) > 1, "the first clicks")
                await four.stop_workers(*old)
            await four.slack.socket.wait_connected(HELD)

        await settled(four)
        assert 11 <= sum(click.acked for click in clicking.result())
        assert 12 == len(four.effects())
        assert 0 < noted.fewest
        assert noted.most <= 2 * HELD


async def test_a_rolling_restart_of_all(three: Bridge) -> None:
    """One after the other is replaced, the new one first: a holder always has its connections."""
    async with connections(three) as noted:
        for old in list(three.workers):
            await three.start_worker(HANDING_OVER)
            await three.stop_workers(old)
        await three.slack.socket.wait_connected(HELD)

    assert CONNECTIONS <= noted.fewest
    assert HOLDERS == len(holders(three.workers))


async def test_connections_outlast_redis(three: Bridge) -> None:
    """While Redis is away nothing changes hands, and Acknowledge works; afterwards there are as many as before."""
    await incidents(three, "incident")
    await settled(three)
    async with connections(three) as noted:
        await three.valkey.kill()
        await asyncio.sleep(1.5 * FAST.socket_lease)
        assert (await three.click("Alice", "Acknowledge")).acked
        await three.valkey.start()
        await until(lambda: HOLDERS == len(holders(three.workers)), "the leases to be taken again")
        await until(lambda: HELD == three.slack.socket.connections, "the connections of the holders alone")

    assert 1 == len(three.effects())
    assert CONNECTIONS <= noted.fewest


async def test_a_lease_that_was_lost(three: Bridge) -> None:
    """A holder slept, and another one is there: it gives its connections up once that one is connected."""
    first = holders(three.workers)[0]
    redis = connect(three.valkey.url)
    async with connections(three) as noted:
        while first in holders(three.workers):
            await redis.execute_command("DEL", *(keys.of_incident(GLOBAL, f"lease:socket{place}") for place in (0, 1)))
            await asyncio.sleep(FAST.socket_lease / 2)
        await until(lambda: HELD == three.slack.socket.connections, "the connections of the holders alone")
    await redis.aclose()

    assert HELD <= noted.fewest
    assert all(click.acked for click in await clicked(three, 4))


async def test_a_holder_is_killed(tmp_path: Path) -> None:
    """Killed with -9 under clicks, it is replaced within seconds; each click is done once, again if Slack failed it."""
    async with deployed_with_receiver(tmp_path) as bridge:
        killed = await bridge.quick_worker()
        await bridge.quick_worker()
        await bridge.slack.socket.wait_connected(HELD)
        standby = await bridge.quick_worker()
        cards = await incidents(bridge, *(f"incident {number}" for number in range(8)))

        async with asyncio.TaskGroup() as group:
            clicks = [group.create_task(bridge.click("Alice", "Acknowledge", card)) for card in cards]
            await until(lambda: any(envelope.acked for envelope in bridge.slack.envelopes), "the first ack")
            await killed.kill()
            async with asyncio.timeout(10.0):
                await standby.until_logged("slack.holding")
                await bridge.slack.socket.wait_connected(HELD)
        for card, click in zip(cards, clicks, strict=True):
            if not click.result().acked and "Acknowledge" in card.buttons:
                await bridge.click("Alice", "Acknowledge", card)
        await settled(bridge)

        assert len(cards) == len(bridge.effects())
