"""A worker that finds no data: what waits for a card has one at once, and what was on its way before is not doubled."""

from dataclasses import replace

from pagebridge_sandbox.slack import Fault
from shared.store.redis import connect
from tests.stories.harness import FAST, running, settled, until
from tests.stories.test_resync import LOOKING

CHANNELS = 3
EACH = 3
"""Incidents for each channel."""


async def test_deliveries_that_wait_have_their_cards_at_once() -> None:
    """Each channel is read once for all its incidents, long before an earlier post could land no more."""
    slow = replace(FAST, call_max=600.0)
    async with running(workers=0) as bridge:
        policy = bridge.pagerduty.add_escalation_policy("Everything", [["PALICE1"]]).id
        services = [bridge.pagerduty.add_service(f"service-{number}", policy).id for number in range(CHANNELS)]
        homes = [bridge.slack.add_channel(f"service-{number}") for number in range(CHANNELS)]
        for service, channel in zip(services, homes, strict=True):
            bridge.route(service=service, channel=channel.id)
        for number in range(CHANNELS * EACH):
            bridge.pagerduty.trigger(services[number % CHANNELS], f"Disk {number} is full")
        await bridge.pagerduty.webhooks.wait_until_idle()

        await bridge.start_worker(slow)
        await until(lambda: [EACH] * CHANNELS == [len(channel.messages) for channel in homes], "every card")

        read = [call.arguments["channel"] for call in bridge.slack.calls_to("conversations.history")]
        assert sorted([bridge.channel.id, *(channel.id for channel in homes)]) == sorted(read)


async def test_a_card_from_before_that_lands_after_all_is_deleted() -> None:
    """It was on its way when the data was lost, and the incident's next change has a card without waiting for it."""
    async with running(durations=replace(LOOKING, call_max=4.0)) as bridge:
        bridge.slack.add_fault(Fault("chat.postMessage", hang=True, effect_after=2.5, times=1))
        incident = bridge.trigger()
        await until(lambda: bool(bridge.slack.calls_to("chat.postMessage")), "the post that hangs")
        redis = connect(bridge.valkey.url)
        await redis.flushall()
        await redis.aclose()

        bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
        card = await bridge.card("Acknowledged")
        assert [card] == bridge.channel.messages
        await bridge.channel.wait(lambda channel: len(channel.messages) == 2)

        await bridge.channel.wait(lambda channel: channel.messages == [card])
        await settled(bridge)
        assert 1 == len(card.replies)
        assert [card] == bridge.channel.messages
