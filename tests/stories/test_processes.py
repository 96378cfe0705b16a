"""Processes that die, end and start again: nothing accepted is lost, nothing is done or told twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.store import keys
from shared.store.redis import Redis, connect
from shared.store.streams import move_deliveries, waiting_deliveries
from tests.stories.harness import FAST, SECRET, settled, until
from tests.stories.processes import (
    PATIENT,
    Deployment,
    acknowledged_once,
    deployed,
    deployed_with_receiver,
    incidents,
    lines,
    struck,
)
from tests.webhook_receiver.running import storing
from tests.webhook_receiver.running import until as until_so

INCIDENT = "/incidents/*"


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment, with a receiver and no worker yet."""
    async with deployed_with_receiver(tmp_path) as deployment:
        yield deployment


@pytest.mark.both_servers
async def test_what_a_killed_worker_had_in_hand_is_carried_out_once(bridge: Deployment) -> None:
    """Killed right after the ack, reading, before, during and after the write: the next worker does each once."""
    killed = await bridge.quick_worker()
    cards = await incidents(bridge, "reading", "write lost", "write lands late", "written, no answer", "just acked")
    faults = [
        Fault("GET", INCIDENT, hang=True, times=1),
        Fault("PUT", INCIDENT, hang=True, times=1),
        Fault("PUT", INCIDENT, delay=0.8, times=1),
        Fault("PUT", INCIDENT, hang=True, after_effect=True, times=1),
    ]
    for fault, card in zip(faults, cards, strict=False):
        active = bridge.pagerduty.add_fault(fault)
        assert (await bridge.click("Alice", "Acknowledge", card)).acked
        await struck(active)
    assert (await bridge.click("Alice", "Acknowledge", cards[-1])).acked

    await bridge.kill(killed)
    await bridge.quick_worker()

    await acknowledged_once(bridge, cards)


@pytest.mark.both_servers
async def test_what_a_killed_worker_was_posting_is_there_once(bridge: Deployment) -> None:
    """Killed before, during and after the effect of `chat.postMessage`: one card each."""
    killed = await bridge.quick_worker()
    faults = [
        bridge.slack.add_fault(SlackFault("chat.postMessage", hang=True, times=1)),
        bridge.slack.add_fault(SlackFault("chat.postMessage", hang=True, after_effect=True, times=1)),
        bridge.slack.add_fault(SlackFault("chat.postMessage", delay=0.8, times=1)),
    ]
    for title in ("lost", "posted, no answer", "lands late"):
        bridge.trigger(title)
    await struck(*faults)

    await bridge.kill(killed)
    await bridge.quick_worker()
    await settled(bridge)

    assert 3 == len(bridge.channel.messages)
    assert [[], [], []] == [card.replies for card in bridge.channel.messages]


@pytest.mark.parametrize("method", ["chat.update", "chat.postMessage"], ids=["card", "line"])
async def test_what_a_killed_worker_was_changing_is_right_in_the_end(bridge: Deployment, method: str) -> None:
    """Killed before, during and after the effect of updating a card or adding a line: card right, line there once."""
    killed = await bridge.quick_worker()
    cards = await incidents(bridge, "lost", "done, no answer", "lands late")
    faults = [
        bridge.slack.add_fault(SlackFault(method, hang=True, times=1)),
        bridge.slack.add_fault(SlackFault(method, hang=True, after_effect=True, times=1)),
        bridge.slack.add_fault(SlackFault(method, delay=0.8, times=1)),
    ]
    for incident in bridge.pagerduty.incidents:
        bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await struck(*faults)

    await bridge.kill(killed)
    await bridge.quick_worker()
    await settled(bridge)

    assert 3 == len(bridge.channel.messages)
    for card in cards:
        assert "Acknowledged by Bob Ng in PagerDuty" in card.plain
        assert (1, 1) == (lines(card, "Bob Ng acknowledged it in PagerDuty"), len(card.replies))


async def test_a_killed_worker_and_its_successor_as_in_production(bridge: Deployment) -> None:
    """With the real durations too: killed after the write took effect, before its answer came."""
    killed = await bridge.worker()
    cards = await incidents(bridge, "written, no answer")
    write = bridge.pagerduty.add_fault(Fault("PUT", INCIDENT, hang=True, after_effect=True, times=1))
    assert (await bridge.click("Alice", "Acknowledge")).acked
    await struck(write)

    await bridge.kill(killed)
    await bridge.worker()

    # The lease of the dead worker runs out after ten seconds.
    await bridge.channel.wait(lambda _: "Acknowledged by Alice Ng in Slack" in cards[0].plain, timeout=25)
    await acknowledged_once(bridge, cards)
    assert 1 == len(bridge.writes())


async def test_a_burst_of_incidents_and_clicks_survives_a_killed_worker(bridge: Deployment) -> None:
    """One of two workers dies under load: everything is there once; whoever saw an error clicks again."""
    killed = await bridge.worker(PATIENT)
    await bridge.worker(PATIENT)
    await bridge.slack.socket.wait_connected(4, timeout=20)
    cards = await incidents(bridge, *(f"first {number}" for number in range(6)))

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            bridge.trigger(f"second {number}")
        clicks = [group.create_task(bridge.click("Alice", "Acknowledge", card)) for card in cards]
        await until(lambda: any(envelope.acked for envelope in bridge.slack.envelopes), "the first ack")
        await killed.kill()
    for card, click in zip(cards, clicks, strict=True):
        if not click.result().acked and "Acknowledge" in card.buttons:
            await bridge.click("Alice", "Acknowledge", card)
    await settled(bridge)

    assert 12 == len(bridge.channel.messages)
    for number in range(6):
        second = await bridge.card(f"second {number}")
        assert [] == second.replies
    for card in cards:
        assert "Acknowledged by Alice Ng in Slack" in card.plain
        assert (1, 1) == (lines(card, "Alice Ng acknowledged it in Slack"), len(card.replies))
    assert ["alice@example.com"] * 6 == [call.from_email for call in bridge.effects()]


@pytest.mark.both_servers
async def test_an_event_that_died_with_its_reader_is_taken_over(bridge: Deployment) -> None:
    """A worker read an event off the stream and got no further: another one takes it over after a moment."""
    await bridge.start_worker()
    await incidents(bridge, "before")
    await bridge.stop_workers()
    bridge.trigger("read and forgotten")
    await bridge.pagerduty.webhooks.wait_until_idle()
    redis = connect(bridge.valkey.url)
    assert 1 == await waiting_deliveries(redis)
    while await move_deliveries(redis):
        pass
    [[_, [_]]] = await redis.execute_command("XREADGROUP", "GROUP", keys.GROUP, "dead", "STREAMS", keys.EVENTS, ">")
    await redis.aclose()

    await bridge.start_worker()
    await settled(bridge)

    card = await bridge.card("read and forgotten")
    assert [] == card.replies


async def test_a_click_that_waited_too_long_is_told_and_not_carried_out(bridge: Deployment) -> None:
    """Nobody was at work until the click was too old: nothing is sent, and Alice is told so."""
    killed = await bridge.quick_worker()
    cards = await incidents(bridge, "too late")
    await settled(bridge)  # the fault below is for the command's read, and not for the card's
    reading = bridge.pagerduty.add_fault(Fault("GET", INCIDENT, hang=True, times=1))
    assert (await bridge.click("Alice", "Acknowledge")).acked
    await struck(reading)
    await bridge.kill(killed)

    await bridge.start_worker(replace(FAST, command_lifetime=0.2))

    told = await bridge.told("Alice", "was NOT acknowledged")
    assert "acting late is worse than not acting" in told
    await settled(bridge)
    assert [] == bridge.writes()
    assert "Triggered" in cards[0].plain


async def test_a_worker_told_to_stop_leaves_an_unclear_command_to_the_next(bridge: Deployment) -> None:
    """PagerDuty does not answer: the worker ends all the same, and the next one carries the command out at once."""
    await bridge.start_worker()
    cards = await incidents(bridge, "no answer")
    write = bridge.pagerduty.add_fault(Fault("PUT", INCIDENT, hang=True, times=1))
    assert (await bridge.click("Alice", "Acknowledge")).acked
    await struck(write)

    await bridge.stop_workers()
    assert [] == bridge.effects()
    await bridge.start_worker()

    await acknowledged_once(bridge, cards)


async def test_a_receiver_killed_while_pagerduty_delivers(tmp_path: Path) -> None:
    """Killed while it stores, and started again on its port, it gets everything: one card each."""
    async with deployed(tmp_path) as bridge:
        await bridge.start_worker()
        killed = await bridge.receiver()
        bridge.pagerduty.subscribe(f"http://127.0.0.1:{bridge.receiver_port}/webhooks/pagerduty", secrets=[SECRET])
        await incidents(bridge, *(f"before {number}" for number in range(3)))

        async with storing_slowly(bridge) as redis:
            for number in range(6):
                bridge.trigger(f"meanwhile {number}")
            await until_so(lambda: storing(redis), "a delivery to be in Redis's hands")
            await killed.kill()
        await until(lambda: any(each.outcome == "retrying" for each in bridge.pagerduty.webhooks.log), "a repetition")
        await bridge.receiver()
        await settled(bridge)

        assert 9 == len(bridge.channel.messages)
        assert [[]] * 9 == [card.replies for card in bridge.channel.messages]


@asynccontextmanager
async def storing_slowly(bridge: Deployment) -> AsyncIterator[Redis]:
    """Let Redis take what is to be stored, and store it only at the end."""
    redis = connect(bridge.valkey.url)
    await redis.execute_command("CLIENT", "PAUSE", 10_000, "WRITE")
    try:
        yield redis
    finally:
        await redis.execute_command("CLIENT", "UNPAUSE")
        await redis.aclose()
