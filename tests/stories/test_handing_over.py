"""What one shift hands to the next: read by one person, then posted in the channel, once."""

import pytest

from pagebridge_sandbox.slack import Ephemeral, Fault
from tests.stories.harness import FAST, Bridge, running, settled, until
from tests.stories.typed_commands import answered, opened, secret_incident, typed_dialog

POSTED = "Handover of this channel"


def handovers(bridge: Bridge) -> list[str]:
    """List the handovers that the channel shows."""
    return [message.plain for message in bridge.channel.messages if POSTED in message.plain]


async def asked(bridge: Bridge, name: str) -> Ephemeral:
    """Let somebody ask for the channel's handover, and return the answer, to be pressed on."""
    await answered(bridge, name, "/pd handover", POSTED)
    return bridge.slack.person(bridge.acme.people[name]).private_messages[-1]


async def test_a_shift_is_summed_up(bridge: Bridge) -> None:
    """What is open, acknowledged, asleep and flapping, the notes, and who is on call; Carol reads it as well."""
    alice = bridge.pagerduty.web("PALICE1")
    await opened(bridge, "Checkout is slow", "Login fails", "Search is down", *["Queue grows"] * 3)
    for number in (2, 3):
        alice.acknowledge(bridge.pagerduty.incident(number).id)
    await settled(bridge)
    modal = await typed_dialog(bridge, "Alice", "/pd snooze 3")
    modal.choose("How long?", "For 1 hour")
    assert (await modal.submit()).acked
    await bridge.card("Snoozed until")
    alice.add_note(bridge.pagerduty.incident(2).id, "The vendor calls back at nine")
    for number in (4, 5, 6):
        alice.resolve(bridge.pagerduty.incident(number).id)
    secret_incident(bridge)
    await settled(bridge)
    before = len(bridge.pagerduty.calls)

    told = await answered(bridge, "Carol", "/pd handover", POSTED)
    await answered(bridge, "Bob", "/pd handover", POSTED)

    words = (
        "On call for Payments on-call: Alice Ng",
        "Not acknowledged: 1",
        "Checkout is slow",
        "Acknowledged: 1",
        "Login fails",
        "Snoozed: 1",
        "Search is down",
        "Snoozed until",
        "Flapping",
        "Queue grows on checkout-api: 3 times, last #6",
        "Notes of the last 12 hours",
        "The vendor calls back at nine",
    )
    assert list(words) == sorted(words, key=told.index)
    assert "Break-in" not in told
    assert 4 >= len(bridge.pagerduty.calls) - before


async def test_a_persons_own_teams(bridge: Bridge) -> None:
    """What belongs to them, also where no channel shows it; nothing of a private team that they are not in."""
    await opened(bridge, "Checkout is slow")
    secret_incident(bridge)
    await settled(bridge)

    assert "Break-in" in await answered(bridge, "Bob", "/pd handover mine", "Handover of your teams")
    told = await answered(bridge, "Alice", "/pd handover mine", "Handover of your teams")
    assert "Checkout is slow" in told
    assert "Break-in" not in told
    await answered(bridge, "Carol", "/pd handover mine", "Nothing to hand over")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("chat.postMessage", drop=True, after_effect=True, times=1),
        Fault("chat.postMessage", drop=True, times=1),
        Fault("chat.postMessage", hang=True, effect_after=FAST.slack_timeout + 0.3, times=1),
    ],
    ids=["the answer is lost", "the call is lost", "it lands late"],
)
async def test_it_is_posted_once(fault: Fault) -> None:
    """By two workers, whatever becomes of the first call; another press posts another one."""
    async with running(workers=2) as bridge:
        await opened(bridge, "Checkout is slow")
        answer = await asked(bridge, "Alice")
        bridge.slack.add_fault(fault)

        assert (await bridge.click("Alice", "Post in this channel", answer)).acked
        await bridge.told("Alice", "The handover is being posted")
        await bridge.channel.wait(lambda _: bool(handovers(bridge)))
        await until(lambda: len(bridge.slack.calls_to("conversations.history")) > 0, "the search for the post")
        assert (await bridge.click("Bob", "Post in this channel", await asked(bridge, "Bob"))).acked

        await bridge.channel.wait(lambda _: len(handovers(bridge)) > 1)
        assert 2 == len(handovers(bridge))
        assert all("Checkout is slow" in text for text in handovers(bridge))


async def test_a_channel_that_takes_nothing(bridge: Bridge) -> None:
    """The person who asked is told why, and nothing is tried again."""
    await opened(bridge, "Checkout is slow")
    answer = await asked(bridge, "Alice")
    bridge.slack.add_fault(Fault("chat.postMessage", error="is_archived", times=1))

    assert (await bridge.click("Alice", "Post in this channel", answer)).acked

    await bridge.told("Alice", "Invite it or unarchive the channel")
    assert [] == handovers(bridge)
