"""A storm in a channel with `digest_above`: what shares a card, what people can do with it, and how it ends."""

import json
from dataclasses import replace

import pytest

from pagebridge_sandbox.slack import Fault, Message
from tests.stories.harness import FAST, Bridge, running, settled, until
from tests.stories.test_lost_data import lose_all_data
from tests.stories.test_resync import LOOKING, looked
from tests.stories.typed_commands import types

ROUTING = {"default_channel": "C0INCIDENTS", "digest_above": 2}
LONG = replace(FAST, digest_quiet=300.0, digest_pace=0.2)
"""The storm is not over before the end of the story."""
SHORT = replace(FAST, digest_quiet=4.0, digest_pace=0.2)


def digests(bridge: Bridge) -> list[Message]:
    """List the digest cards of the channel."""
    return [
        message for message in bridge.channel.messages if "Many incidents" in message.plain or "storm" in message.plain
    ]


def own_cards(bridge: Bridge) -> list[str]:
    """List the titles of the incidents that have cards of their own."""
    cards = [message.plain for message in bridge.channel.messages if message not in digests(bridge)]
    return sorted(f"Storm {number}" for number in range(1, 10) for card in cards if f"Storm {number}" in card)


async def broken_out(bridge: Bridge, low: int) -> None:
    """Open two incidents of low urgency, which have cards, and then so many more."""
    for number in range(1, low + 3):
        bridge.trigger(f"Storm {number}", "low")
        if number <= 2:
            await bridge.card(f"Storm {number}")
            await settled(bridge)


async def test_people_act_on_what_shares_a_card() -> None:
    """By number, by the button for one's own, and in PagerDuty; one that becomes important gets its card at once."""
    async with running(durations=LONG, routing={**ROUTING, "digest_priorities": ["P4"]}) as bridge:
        await broken_out(bridge, 4)
        bridge.trigger("Storm 7", "high")
        await bridge.card("Storm 7")
        card = await bridge.card("4 less important incidents share this card: 4 triggered")
        assert ["Storm 1", "Storm 2", "Storm 7"] == own_cards(bridge)
        assert bridge.pagerduty.incident(3).id in json.dumps(card.blocks)

        await types(bridge, "Alice", "/pd ack 3")
        await bridge.card("3 triggered and 1 acknowledged")
        bridge.pagerduty.web("PALICE1").resolve(bridge.pagerduty.incident(4).id)
        bridge.pagerduty.web("PALICE1").add_note(bridge.pagerduty.incident(5).id, "It is the cache")
        card = await bridge.card("2 triggered, 1 acknowledged and 1 resolved")

        await bridge.click("Carol", "Acknowledge mine…", card)
        await bridge.told("Carol", "None of the incidents on this card waits for your acknowledgement.")
        await bridge.click("Alice", "Acknowledge mine…", card)
        listed = await bridge.told("Alice", "2 incidents are waiting for your acknowledgement")
        assert ["#5" in listed, "#6" in listed, "#1" in listed] == [True, True, False]
        await bridge.click("Alice", "Acknowledge 2 incidents", bridge.slack.person("U0ALICE").private_messages[-1])
        await bridge.card("3 acknowledged and 1 resolved")

        bridge.pagerduty.web("PALICE1").set_priority(bridge.pagerduty.incident(6).id, "P2")
        await until(lambda: "Storm 6" in own_cards(bridge), "the card of what became important")
        [raised] = [one for one in bridge.channel.messages if "Storm 6" in one.plain and one not in digests(bridge)]
        await bridge.card("3 less important incidents share this card: 2 acknowledged and 1 resolved")
        await settled(bridge)
        assert "Acknowledged" in raised.plain
        assert ["P2" in reply.plain for reply in raised.replies] == [True]
        assert 1 == len(digests(bridge))


@pytest.mark.parametrize("drop", [True, False], ids=["its post is unclear", "nothing fails"])
async def test_when_the_storm_is_over_what_is_open_gets_its_card(*, drop: bool) -> None:
    """Once, whatever becomes of the post of the digest; its thread begins with what comes after."""
    async with running(durations=SHORT, routing=ROUTING, workers=2) as bridge:
        bridge.trigger("Storm 1", "low")
        bridge.trigger("Storm 2", "low")
        await bridge.card("Storm 1")
        await bridge.card("Storm 2")
        await settled(bridge)
        if drop:
            bridge.slack.add_fault(Fault("chat.postMessage", drop=True, after_effect=True, times=1))
        for number in (3, 4, 5):
            bridge.trigger(f"Storm {number}", "low")
        await bridge.card("3 less important incidents share this card")
        alice = bridge.pagerduty.web("PALICE1")
        alice.resolve(bridge.pagerduty.incident(4).id)
        alice.add_note(bridge.pagerduty.incident(3).id, "It is the cache")

        over = await bridge.card("3 less important incidents shared this card; 1 is resolved, the other 2 have")
        everything = ["Storm 1", "Storm 2", "Storm 3", "Storm 5"]
        await until(lambda: everything == own_cards(bridge), "the cards of what is open")
        await settled(bridge)
        assert everything == own_cards(bridge)
        assert [over] == digests(bridge)
        assert [] == over.buttons
        third = await bridge.card("Storm 3")
        assert [] == third.replies
        alice.acknowledge(bridge.pagerduty.incident(3).id)
        await until(lambda: bool(third.replies), "a line below the new card")
        assert ["cknowledged" in reply.plain for reply in third.replies] == [True]


async def test_what_the_channel_may_not_show_is_not_on_its_digest() -> None:
    """One that comes to a private team leaves the card, and a channel that takes no posts costs nobody a card."""
    async with running(durations=LONG, routing=ROUTING) as bridge:
        secret = bridge.pagerduty.add_team("Secret", private=True)
        policy = bridge.pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
        vault = bridge.pagerduty.add_service("vault", policy.id, teams=[secret])
        await broken_out(bridge, 2)
        await bridge.card("2 less important incidents share this card")
        bridge.pagerduty.web("PALICE1").set_service(bridge.pagerduty.incident(3).id, vault.id)
        card = await bridge.card("1 less important incident shares this card")
        assert "Storm 4" in card.plain
        assert "Storm 3" not in json.dumps([card.text, card.blocks])
        await settled(bridge)
        assert ["Storm 1", "Storm 2"] == own_cards(bridge)


async def test_a_channel_that_takes_no_posts_costs_no_card() -> None:
    """The incidents that were to share the card go where each goes that its channel does not take."""
    async with running(durations=LONG, routing={**ROUTING, "digest_above": 0}) as bridge:
        edge = bridge.slack.add_channel("edge", id="C0EDGE")
        bridge.route(channel="C0EDGE", digest_above=2)
        for number in (1, 2):
            bridge.trigger(f"Storm {number}", "low")
        await edge.wait(lambda channel: len(channel.messages) == 2)
        await settled(bridge)
        edge.archived = True
        for number in (3, 4, 5):
            bridge.trigger(f"Storm {number}", "low")
        for number in (3, 4, 5):
            await bridge.card(f"Storm {number}")
        assert [] == digests(bridge)


async def test_a_digest_is_found_again_after_the_data_is_lost() -> None:
    """Its card goes on, once, with the incidents that had none; nothing that had a card gets another."""
    durations = replace(LOOKING, digest_quiet=300.0, digest_pace=0.2)
    async with running(durations=durations, routing=ROUTING) as bridge:
        await broken_out(bridge, 3)
        card = await bridge.card("3 less important incidents share this card")
        await settled(bridge)
        await lose_all_data(bridge)
        await looked(bridge, 5)

        bridge.pagerduty.web("PALICE1").resolve(bridge.pagerduty.incident(3).id)
        await until(lambda: "1 resolved" in card.plain, f"the change on {card.plain}")
        assert [card] == digests(bridge)
        assert ["Storm 1", "Storm 2"] == own_cards(bridge)
