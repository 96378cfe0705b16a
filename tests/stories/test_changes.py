"""Cards show old values for a while after a change at PagerDuty, where that is configured."""

from pagebridge_sandbox.pagerduty import IncidentView
from pagebridge_sandbox.slack import Message
from tests.stories.harness import Bridge, running, settled

CONFIG = {"default_channel": "C0INCIDENTS", "show_changes": True}


async def opened(bridge: Bridge) -> IncidentView:
    """Let an incident of priority P2 be there, with all that its card says."""
    incident = bridge.trigger()
    bridge.pagerduty.web("PALICE1").set_priority(incident.id, "P2")
    await bridge.card("P2")
    return incident


async def sent(bridge: Bridge, words: str) -> Message:
    """Wait until the card is sent with `words`, in the markup of its blocks."""
    await bridge.channel.wait(lambda channel: words in str(channel.messages[0].blocks))
    return bridge.channel.messages[0]


def updates(bridge: Bridge) -> int:
    """Count the updates of cards."""
    return sum(call.method == "chat.update" for call in bridge.slack.calls)


async def test_an_old_value_is_shown_for_a_while_and_ended_by_one_edit() -> None:
    """The assignee of before is struck through, and after its time the card is edited once; no one is notified."""
    async with running(routing=CONFIG) as bridge:
        incident = await opened(bridge)

        bridge.pagerduty.web("PALICE1").reassign(incident.id, ["PBOB1"])
        card = await sent(bridge, "Assigned to ~Alice Ng~ <@U0BOB>")

        assert "Assigned to Bob Ng (was Alice Ng)." in card.text
        before = updates(bridge)
        await bridge.channel.wait(lambda channel: "~" not in str(channel.messages[0].blocks))
        await settled(bridge)
        assert before + 1 == updates(bridge)


async def test_several_changes_are_shown_together() -> None:
    """Title, urgency and priority, also where PagerDuty tells of them only with the next event; the state in words."""
    async with running(routing=CONFIG) as bridge:
        bridge.pagerduty.add_priority("P1")
        incident = await opened(bridge)
        alice = bridge.pagerduty.web("PALICE1")

        alice.set_title(incident.id, "Checkout is down")
        alice.set_urgency(incident.id, "low")
        alice.set_priority(incident.id, "P1")

        card = await sent(bridge, "~High urgency~ *Low urgency* · ~P2~ *P1*")
        assert "~Checkout latency over 2s~ *<https://" in str(card.blocks)


async def test_without_it_nothing_is_struck_through(bridge: Bridge) -> None:
    """It is off unless configured; a route may have its own."""
    incident = await opened(bridge)
    bridge.pagerduty.web("PALICE1").reassign(incident.id, ["PBOB1"])
    card = await sent(bridge, "Assigned to <@U0BOB>")
    assert "~" not in str(card.blocks)

    bridge.route(service="checkout-api", channel="C0INCIDENTS", show_changes=True)
    bridge.pagerduty.web("PALICE1").reassign(incident.id, ["PALICE1"])

    await sent(bridge, "~Bob Ng~")
