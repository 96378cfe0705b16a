"""The webhook subscription is watched: what is wrong with it is said, what can be mended is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.pagerduty.subscriptions import Subscription
from shared.model.resync_state import GLOBAL
from shared.store import document_kinds
from shared.store.redis import connect
from tests.stories.harness import PATIENCE, Bridge, until
from tests.stories.test_resync import healthy, looked, looking, passes, shown


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run the bridge with a worker that looks all the time."""
    async with looking() as bridge:
        yield bridge


def subscription(bridge: Bridge) -> Subscription:
    """Find the subscription that delivers to the bridge."""
    [found] = bridge.pagerduty.webhooks.subscriptions.values()
    return found


async def problem(bridge: Bridge) -> str:
    """Read what the worker says about the subscription."""
    redis = connect(bridge.valkey.url)
    try:
        return (await document_kinds.progress(redis).load(GLOBAL)).value.problem
    finally:
        await redis.aclose()


async def named(bridge: Bridge, *words: str) -> None:
    """Wait until the worker says all of these words about the subscription."""
    async with asyncio.timeout(PATIENCE):
        said = ""
        while not all(word in said for word in words):
            await asyncio.sleep(0.02)
            said = await problem(bridge)


def switch_off(bridge: Bridge) -> None:
    """Let PagerDuty switch the subscription off for a day."""
    subscription(bridge).disabled_until = bridge.pagerduty.clock.now() + timedelta(hours=24)


async def test_a_subscription_that_was_switched_off(bridge: Bridge) -> None:
    """It is switched on again, what was lost meanwhile is told, and the channel hears once that it came late."""
    incident, card = await shown(bridge)
    await until(healthy, "a subscription in order")
    switch_off(bridge)
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    bridge.trigger("Unheard")

    await until(lambda: subscription(bridge).disabled_until is None, "the subscription to be switched on")
    await bridge.card("Unheard")
    await until(lambda: any("Bob Ng acknowledged it" in reply.plain for reply in card.replies), "what was lost")
    notice = await bridge.card("were delayed")

    await looked(bridge, 3)
    assert healthy()
    assert "#1 Checkout latency over 2s" in notice.plain
    assert "Unheard" in notice.plain
    assert 3 == len(bridge.channel.messages)
    assert bridge.pagerduty.calls_to("POST", "/webhook_subscriptions/*/ping")
    assert 1 == len(bridge.pagerduty.calls_to("POST", "/webhook_subscriptions/*/enable"))


async def test_a_gap_in_which_nothing_happened_is_not_told(bridge: Bridge) -> None:
    """Nobody has missed anything, so nobody is told."""
    await shown(bridge)
    switch_off(bridge)

    await until(lambda: subscription(bridge).disabled_until is None, "the subscription to be switched on")
    await looked(bridge, 5)

    assert 1 == len(bridge.channel.messages)
    assert healthy()


async def test_what_cannot_be_mended_is_said_once(bridge: Bridge) -> None:
    """An event is not subscribed to: a log entry that says which, and a metric, until somebody adds it."""
    await until(healthy, "a subscription in order")
    with capture_logs() as logged:
        subscription(bridge).events = frozenset({"incident.triggered"})
        await until(lambda: not healthy(), "the subscription to be found lacking")
        await looked(bridge, 3)
    [said] = [entry for entry in logged if entry["event"] == "subscription.wrong"]
    assert "incident.acknowledged" in said["why"]
    assert said["why"] == await problem(bridge)

    subscription(bridge).events = None
    await until(healthy, "a subscription in order")


async def test_no_subscription_at_all(bridge: Bridge) -> None:
    """Nothing delivers here: that is said, and resync still shows what happens."""
    await until(healthy, "a subscription in order")
    subscription(bridge).active = False
    await until(lambda: not healthy(), "the subscription to be missed")
    assert "no active webhook subscription" in await problem(bridge)

    bridge.trigger()

    await bridge.card("Triggered")


async def test_a_subscription_for_one_service(bridge: Bridge) -> None:
    """Other services' incidents would come late only, so it is said that its filter is too narrow."""
    await until(healthy, "a subscription in order")
    subscription(bridge).service_id = bridge.acme.service
    await until(lambda: not healthy(), "the filter to be found too narrow")
    assert "part of the account" in await problem(bridge)


async def test_a_receiver_that_turns_everything_away(bridge: Bridge) -> None:
    """The secret does not fit any more: switching it on again does not help, and the worker says where to look."""
    await until(healthy, "a subscription in order")
    subscription(bridge).secrets = ["another secret"]
    switch_off(bridge)
    await named(bridge, "pings don't reach")


async def test_a_subscription_that_is_missing_leaves_a_gap(bridge: Bridge) -> None:
    """Once there is one again, the channel hears which updates came late, as after one that was switched off."""
    await shown(bridge)
    await until(healthy, "a subscription in order")
    subscription(bridge).active = False
    await until(lambda: not healthy(), "the subscription to be missed")
    bridge.trigger("Unheard")
    await bridge.card("Unheard")

    subscription(bridge).active = True

    assert "Unheard" in (await bridge.card("were delayed")).plain


@pytest.mark.parametrize("lacking", ["events", "filter"])
async def test_a_subscription_that_sends_too_little_leaves_a_gap(bridge: Bridge, lacking: str) -> None:
    """Once somebody has mended it, the channel hears that some updates came late, and which."""
    await shown(bridge)
    await until(healthy, "a subscription in order")
    if lacking == "events":
        subscription(bridge).events = frozenset({"incident.acknowledged"})
    else:
        subscription(bridge).service_id = "PELSE01"
    await until(lambda: not healthy(), "the subscription to be found lacking")
    bridge.trigger("Unheard")
    await bridge.card("Unheard")

    subscription(bridge).events, subscription(bridge).service_id = None, None

    notice = await bridge.card("were delayed")
    assert "Some of PagerDuty's updates" in notice.plain
    assert "Unheard" in notice.plain


async def test_a_subscription_that_sends_too_little_is_switched_off(bridge: Bridge) -> None:
    """What came late while it was off is told when it is on again, though it still sends too little."""
    await shown(bridge)
    await until(healthy, "a subscription in order")
    subscription(bridge).events = frozenset({"incident.triggered"})
    await until(lambda: not healthy(), "the subscription to be found lacking")
    switch_off(bridge)
    bridge.trigger("Unheard")

    assert "Unheard" in (await bridge.card("were delayed")).plain
    assert not healthy()


@pytest.mark.parametrize("status", [400, 500], ids=["refused", "an error"])
async def test_a_ping_that_pagerduty_does_not_make(bridge: Bridge, status: int) -> None:
    """PagerDuty may ping none that is off: it is switched on all the same."""
    await until(healthy, "a subscription in order")
    fault = bridge.pagerduty.add_fault(Fault("POST", "/webhook_subscriptions/*/ping", status=status))
    switch_off(bridge)

    await until(lambda: subscription(bridge).disabled_until is None, "the subscription to be switched on")

    fault.remove()
    await until(healthy, "a subscription in order")


async def test_a_subscription_that_cannot_be_switched_on_is_reported(bridge: Bridge) -> None:
    """The token may only read, and then not even that: log and metric say what is wrong; cards come all the same."""
    await shown(bridge)
    await until(healthy, "a subscription in order")
    bridge.pagerduty.add_fault(Fault("POST", "/webhook_subscriptions/**", status=403))
    switch_off(bridge)
    bridge.trigger("Unheard")

    await until(lambda: not healthy(), "the subscription to be found off")
    await named(bridge, "disabled the webhook subscription", "and does not let the bridge switch it on")
    await bridge.card("Unheard")

    bridge.pagerduty.add_fault(Fault("GET", "/webhook_subscriptions", status=403, code=2010))
    await named(bridge, "PagerDuty's webhook subscriptions can't be read", "webhook_subscriptions.read")


async def test_a_resync_that_hangs_holds_up_no_check(bridge: Bridge) -> None:
    """It reads slowly, incident after incident; a subscription that is switched off meanwhile is soon on again."""
    incident, _ = await shown(bridge)
    await until(healthy, "a subscription in order")
    bridge.pagerduty.add_fault(Fault("GET", "/incidents/*/log_entries", delay=0.9))
    bridge.pagerduty.add_fault(Fault("GET", "/incidents/*/notes", delay=0.9))
    bridge.pagerduty.add_fault(Fault("GET", "/incidents/*", delay=0.9))
    for number in range(20):
        bridge.pagerduty.webhooks.lose_next(1)
        bridge.trigger(f"Unheard {number}")
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    # A pass that was under way already knows only the first incident, and ends soon.
    reads = partial(bridge.pagerduty.calls_to, "GET", "/incidents/*/log_entries")
    await until(lambda: any(incident not in call.path for call in reads()), "a pass that knows the others")
    begun = passes()

    switch_off(bridge)

    await until(lambda: subscription(bridge).disabled_until is None, "the subscription to be switched on")
    assert begun == passes()
