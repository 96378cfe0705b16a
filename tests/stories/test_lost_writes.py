"""A replica that lacks the last writes takes over: nothing is done twice, and what is lost is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.pagerduty import Fault
from shared.durations import Durations
from shared.store import keys
from shared.store.redis import connect
from tests.servers import binary_of
from tests.stories.harness import FAST, Bridge, running, settled, until
from tests.stories.test_lost_data import lose_all_data
from tests.topologies import LaggingPair

QUICK = replace(FAST, webhook_grace=1.0, resync_pause=0.001, retry_max=0.2)


@pytest.fixture
async def pair(tmp_path: Path) -> LaggingPair:
    """Make a server with a replica."""
    return LaggingPair(tmp_path / "servers", binary=binary_of())


@asynccontextmanager
async def two_workers(pair: LaggingPair, durations: Durations) -> AsyncIterator[Bridge]:
    """Run the bridge on it, with two workers; replicas are not waited for."""
    async with running(server=cast("EmbeddedValkey", pair), workers=0) as bridge:
        for _ in range(2):
            await bridge.start_worker(durations)
        yield bridge


@pytest.fixture
async def bridge(pair: LaggingPair) -> AsyncIterator[Bridge]:
    """Run it so that a lease soon ends."""
    async with two_workers(pair, QUICK) as bridge:
        yield bridge


async def test_what_was_done_after_the_last_copy_is_not_done_again(bridge: Bridge, pair: LaggingPair) -> None:
    """
    The copy knows of a note and of an Acknowledge that they were asked for, and of nothing that came of them.

    Each is there once, with its line; so is the card of an incident of which the copy knows nothing. What happened next
    to it, in a delivery that was accepted and lost, is told.
    """
    bridge.trigger()
    card = await bridge.card()
    await settled(bridge)
    slow = bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", delay=0.6))
    await bridge.slack.person("U0ALICE").type_command("/pd note 1 It is the cache", bridge.channel.id)
    await bridge.click("Alice", "Acknowledge", card)
    await pair.cut()
    slow.remove()
    await bridge.lines(2)
    another = bridge.trigger("Another one")
    other = await bridge.card("Another one")
    await settled(bridge)
    await bridge.stop_workers(bridge.workers[1])
    hold = bridge.pagerduty.webhooks.hold()
    bridge.pagerduty.web("PBOB1").acknowledge(another.id)
    hold.held.clear()
    hold.release()

    await pair.fail_over()

    await bridge.card("Acknowledged by Bob Ng")
    await until(lambda: len(other.replies) == 1, "the line of what was lost")
    await settled(bridge)
    assert [card, other] == bridge.channel.messages
    assert [1, 1] == [_effects(bridge, "POST", "/incidents/*/notes"), _effects(bridge, "PUT", "/incidents/*")]
    assert [2, 1] == [len(message.replies) for message in (card, other)]


async def test_a_click_that_is_gone_is_told(bridge: Bridge, pair: LaggingPair) -> None:
    """The store had confirmed it, and the copy does not have it: Bob reads that, and presses once more."""
    bridge.trigger()
    await bridge.card()
    await settled(bridge)
    await let_commands_wait(bridge)
    await pair.cut()
    await bridge.click("Bob", "Escalate", confirm="Escalate")

    await pair.fail_over()

    told = await bridge.told("Bob", "lost your click")
    assert "may or may not have" in told
    assert [] == bridge.writes()
    await let_commands_wait(bridge, "0")
    again = next(each for each in bridge.slack.person("U0BOB").private_messages if each.plain == told)
    await bridge.click("Bob", "Try again", again, confirm="Try again")
    await bridge.card("Assigned to @Bob Ng")
    assert 1 == len(bridge.effects())


async def test_a_click_that_went_with_all_data_is_told() -> None:
    """Redis is emptied while a click waits there, of which no worker has heard yet but the one that took it."""
    async with running() as bridge:
        bridge.trigger()
        await bridge.card()
        await settled(bridge)
        await let_commands_wait(bridge)
        await bridge.click("Bob", "Escalate", confirm="Escalate")
        await lose_all_data(bridge)

        await bridge.told("Bob", "lost your click")


async def test_a_click_in_hand_is_told_by_who_has_it(pair: LaggingPair) -> None:
    """PagerDuty does not answer, so that nothing was sent: its worker knows that for certain, and says it, once."""
    # The call is under way during the whole failover: a worker that loses the store at a step of its own gives it up.
    async with two_workers(pair, replace(QUICK, pagerduty_timeout=5.0, call_max=6.0, lease=8.0)) as bridge:
        bridge.trigger()
        await bridge.card()
        await settled(bridge)
        await pair.cut()
        slow = bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", status=503, delay=4.0))
        await bridge.click("Bob", "Escalate", confirm="Escalate")
        await bridge.told("Bob", "on its way")

        await pair.fail_over()

        await bridge.told("Bob", "nothing was sent")
        slow.remove()
        await settled(bridge)
        assert [] == bridge.writes()


async def let_commands_wait(bridge: Bridge, until_id: str = "9999999999999-0") -> None:
    """Let no worker hear of what is put on the commands stream, or with `0` of all that is there."""
    redis = connect(bridge.valkey.url)
    await redis.execute_command("XGROUP SETID", keys.COMMANDS, keys.GROUP, until_id)
    await redis.aclose()


def _effects(bridge: Bridge, method: str, path: str) -> int:
    return sum(call.took_effect for call in bridge.pagerduty.calls_to(method, path))
