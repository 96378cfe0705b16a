"""A worker that finds no data: what waits for a card has one at once, and what was on its way before is not doubled."""

from dataclasses import replace

import pytest

from pagebridge_sandbox.slack import Fault, Message
from tests.metric_samples import sample
from tests.stories.harness import FAST, Bridge, running, settled, until
from tests.stories.test_lost_data import lose_all_data
from tests.stories.test_resync import LOOKING, looked

CHANNELS = 3
EACH = 3
"""Incidents for each channel."""
OLD = 4
"""Incidents that were opened before."""


def adopted() -> float:
    """Count the incidents of before that were looked for, and not found."""
    return sample("pagebridge_incidents_adopted_total", {"found": "nothing"}) or 0.0


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


async def test_what_is_open_without_news_is_not_shown() -> None:
    """Beside an incident whose delivery waits, the others stay without a card, also once one stands in the channel."""
    async with running(workers=0) as bridge:
        bridge.pagerduty.clock.advance(-60)
        hold = bridge.pagerduty.webhooks.hold()
        for number in range(OLD):
            bridge.trigger(f"Disk {number} is full")
        hold.held.clear()
        hold.release()
        bridge.pagerduty.clock.advance(60)
        bridge.trigger("Checkout is slow")
        await bridge.pagerduty.webhooks.wait_until_idle()
        before = adopted()

        await bridge.start_worker(LOOKING)
        card = await bridge.card("Checkout is slow")
        await until(lambda: adopted() >= before + OLD, "the look at the others")
        await looked(bridge)

        assert [card] == bridge.channel.messages


@pytest.mark.parametrize("moved", ["another route", "a private team", "a digest"])
async def test_a_card_from_before_is_deleted_where_the_incident_has_none(moved: str) -> None:
    """It lands after all in a channel where the incident, meanwhile, is not shown, or only in a digest."""
    routing: dict[str, object] = {"default_channel": "C0INCIDENTS", "digest_above": 1}
    late = replace(LOOKING, call_max=4.0, digest_pace=0.2, digest_quiet=300.0)
    async with running(durations=late, routing=routing) as bridge:
        bridge.slack.add_fault(Fault("chat.postMessage", hang=True, effect_after=3.0, times=1))
        incident = bridge.trigger("Disk 0 is full", "low")
        await until(lambda: bool(bridge.slack.calls_to("chat.postMessage")), "the post that hangs")
        await lose_all_data(bridge)

        shown_by_then = await move(bridge, incident.id, moved)

        def is_late(message: Message) -> bool:
            return "Disk 0 is full" in message.plain and message not in shown_by_then

        await bridge.channel.wait(lambda channel: any(map(is_late, channel.messages)), timeout=10)
        await bridge.channel.wait(lambda channel: not any(map(is_late, channel.messages)), timeout=10)


async def move(bridge: Bridge, incident: str, to: str) -> list[Message]:
    """Let the incident be shown elsewhere or nowhere; return what stands in its channel then."""
    if to == "another route":
        other = bridge.slack.add_channel("vip")
        bridge.route(priority="P2", channel=other.id)
        bridge.pagerduty.web("PALICE1").set_priority(incident, "P2")
        await other.wait(lambda channel: len(channel.messages) == 1)
    elif to == "a private team":
        secret = bridge.pagerduty.add_team("Secret", private=True)
        bridge.pagerduty.add_member(secret.id, "PALICE1", "responder")
        policy = bridge.pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
        vault = bridge.pagerduty.add_service("vault", policy.id, teams=[secret]).id
        bridge.pagerduty.web("PALICE1").set_service(incident, vault)
    else:
        for number in range(1, OLD):
            bridge.trigger(f"Disk {number} is full", "low")
        bridge.pagerduty.web("PALICE1").acknowledge(incident)
        await bridge.card("less important incidents share this card")
    return list(bridge.channel.messages)


async def test_a_card_from_before_that_lands_after_all_is_deleted() -> None:
    """It was on its way when the data was lost, and the incident's next change has a card without waiting for it."""
    async with running(durations=replace(LOOKING, call_max=4.0)) as bridge:
        bridge.slack.add_fault(Fault("chat.postMessage", hang=True, effect_after=2.5, times=1))
        incident = bridge.trigger()
        await until(lambda: bool(bridge.slack.calls_to("chat.postMessage")), "the post that hangs")
        await lose_all_data(bridge)

        bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
        card = await bridge.card("Acknowledged")
        assert [card] == bridge.channel.messages
        await bridge.channel.wait(lambda channel: len(channel.messages) == 2)

        await bridge.channel.wait(lambda channel: channel.messages == [card])
        await settled(bridge)
        assert 1 == len(card.replies)
        assert [card] == bridge.channel.messages
