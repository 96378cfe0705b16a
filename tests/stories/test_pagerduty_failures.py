"""What goes wrong at PagerDuty's end: the clicker is told the truth, and nothing is claimed that was not confirmed."""

from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Fault
from tests.stories.harness import Bridge, settled

PUT: dict[str, Any] = {"method": "PUT", "path": "/incidents/*"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(**PUT, status=503, times=1),
        Fault(**PUT, status=503, after_effect=True, times=1),
        Fault(**PUT, drop=True, times=1),
        Fault(**PUT, drop=True, after_effect=True, times=1),
        Fault(**PUT, hang=True, times=1),
        Fault(**PUT, hang=True, effect_after=1.2, times=1),
        Fault(**PUT, status=429, times=1),
    ],
    ids=["503", "503 after", "dropped", "dropped after", "hangs", "hangs, late effect", "429"],
)
async def test_an_acknowledge_takes_effect_once_however_its_call_fails(bridge: Bridge, fault: Fault) -> None:
    """One transition, one line, in Alice's name, and she is told if it took a while."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(fault)

    await bridge.click("Alice", "Acknowledge")
    card = await bridge.card("Acknowledged")
    await settled(bridge)

    assert "by Alice Ng in Slack" in card.plain
    lines = await bridge.lines(1)
    assert 1 == sum("Alice Ng acknowledged it in Slack" in line for line in lines)
    assert 1 == len(lines)
    assert {"alice@example.com"} == {call.from_email for call in bridge.writes()}
    assert not [words for words in bridge.private("Alice") if "already" in words or "NOT" in words]
    assert "acknowledged" == bridge.pagerduty.incident(incident.id).status


async def test_while_pagerduty_is_down_alice_is_told_the_truth(bridge: Bridge) -> None:
    """On its way, then NOT acknowledged, the card says that she is trying; then it is up again and goes through."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.stop_answering()

    await bridge.click("Alice", "Acknowledge")
    await bridge.told("Alice", "on its way")
    await bridge.told("Alice", "is NOT acknowledged yet")
    card = await bridge.card("is acknowledging")
    assert "Triggered" in card.plain
    bridge.pagerduty.answer_again()

    await bridge.card("Acknowledged by Alice Ng in Slack")
    await bridge.told("Alice", "You acknowledged incident #1")


async def test_a_stale_acknowledge_does_not_reopen(bridge: Bridge) -> None:
    """Bob resolved it, but the card still shows the button: Alice learns who was first, and nothing is sent."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    held = bridge.pagerduty.webhooks.hold(incident.id)
    bridge.pagerduty.web("PBOB1").resolve(incident.id)

    await bridge.click("Alice", "Acknowledge")

    told = await bridge.told("Alice", "You can't acknowledge")
    assert "Bob Ng resolved it" in told
    assert [] == bridge.writes()
    assert "resolved" == bridge.pagerduty.incident(incident.id).status
    await bridge.card("Resolved")
    held.release()


async def test_two_people_at_once(bridge: Bridge) -> None:
    """One effect, and a true answer for whoever was second."""
    bridge.trigger()
    card = await bridge.card("Triggered")

    await bridge.click("Alice", "Acknowledge", card)
    bob = bridge.slack.person("U0BOB")
    if "Acknowledge" in card.buttons:
        await bob.click("Acknowledge", card)
        await bridge.told("Bob", "Alice Ng already acknowledged incident")

    await bridge.card("Acknowledged by Alice Ng")
    assert 1 == len(bridge.writes())


async def test_an_acknowledge_that_reopened_is_told(bridge: Bridge) -> None:
    """Bob resolves between the check and the write: Alice is told, with a button to resolve; no machine undoes it."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, delay=0.5, times=1))

    click = bridge.click("Alice", "Acknowledge")
    await click
    await bridge.until_called("PUT", "/incidents/*")
    bridge.pagerduty.web("PBOB1").resolve(incident.id)

    told = await bridge.told("Alice", "reopened")
    assert "Bob Ng resolved it at the same moment" in told
    assert "acknowledged" == bridge.pagerduty.incident(incident.id).status
    assert 1 == len(bridge.writes())


async def test_pagerduty_says_no(bridge: Bridge) -> None:
    """A refusal is told in PagerDuty's words with a reference, and is not tried again."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, status=403, code=2010, times=1))

    await bridge.click("Alice", "Acknowledge")

    told = await bridge.told("Alice", "You can't acknowledge")
    assert "PagerDuty doesn't allow you to do this" in told
    assert "reference" in told
    assert 1 == len(bridge.writes())
    assert "Triggered" in bridge.channel.messages[0].plain


async def test_a_delivery_that_comes_twice_and_one_that_comes_late(bridge: Bridge) -> None:
    """Twice is once, and late changes no state; every transition still has its line."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.webhooks.duplicate_next(2, same_id=False)
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await bridge.card("Acknowledged")
    held = bridge.pagerduty.webhooks.hold(event_type="incident.unacknowledged")
    bridge.pagerduty.automation.unacknowledge(incident.id)
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await bridge.card("Resolved")

    held.release()

    lines = await bridge.lines(3)
    await settled(bridge)
    assert 3 == len(bridge.channel.messages[0].replies), lines
    assert "Resolved" in bridge.channel.messages[0].plain


async def test_our_echo_is_announced_once_wherever_it_comes_from(bridge: Bridge) -> None:
    """The webhook of Alice's click is held back for a while: no second line, no second update when it comes."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    held = bridge.pagerduty.webhooks.hold(incident.id)
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged by Alice Ng in Slack")
    await bridge.lines(1)
    await settled(bridge)
    calls = len(bridge.slack.calls)

    held.release()
    await settled(bridge)

    assert calls == len(bridge.slack.calls)
    assert 1 == len(bridge.channel.messages[0].replies)
