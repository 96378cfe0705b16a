"""The life of a command: what ends it, in which order, and what its clicker is told when it does not simply succeed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Ephemeral
from shared.pagerduty.api.transport import PAUSE
from tests.stories.harness import FAST, Bridge, running, settled

PUT: dict[str, Any] = {"method": "PUT", "path": "/incidents/*"}
SHORT_LIVED = replace(FAST, command_lifetime=1.0, ack_silence=0.5, not_yet_after=0.6)
"""Commands live for a second in the place of a minute."""


@pytest.fixture
async def impatient() -> AsyncIterator[Bridge]:
    """Run Acme's bridge, with commands that soon end."""
    async with running(workers=0) as acme:
        await acme.start_worker(SHORT_LIVED)
        yield acme


async def message_to(bridge: Bridge, name: str, words: str) -> Ephemeral:
    """Wait until somebody is told `words`, and return what they see."""
    await bridge.told(name, words)
    shown = bridge.slack.person(bridge.acme.people[name]).private_messages
    return next(message for message in shown if words in message.plain)


async def test_a_command_that_cannot_be_sent_ends_and_can_be_given_again(impatient: Bridge) -> None:
    """Alice is told that it was NOT acknowledged, the card says so too, and Try again is a new command that works."""
    incident = impatient.trigger()
    await impatient.card("Triggered")
    impatient.pagerduty.stop_answering()

    await impatient.click("Alice", "Acknowledge")
    failed = await message_to(impatient, "Alice", "was NOT acknowledged.")
    card = await impatient.card("acknowledgement failed")
    assert "@Alice Ng's acknowledge" in card.plain
    assert "Acknowledge" == card.buttons[0]
    assert ["Try again"] == failed.buttons
    assert "reference" in failed.plain
    impatient.pagerduty.answer_again()
    await settled(impatient)
    assert [] == impatient.writes()

    await impatient.click("Alice", "Try again", failed)

    card = await impatient.card("Acknowledged by Alice Ng in Slack")
    await settled(impatient)
    assert "acknowledgement failed" not in card.plain
    assert 1 == len(impatient.writes())
    assert "acknowledged" == impatient.pagerduty.incident(incident.id).status
    told = await impatient.told("Alice", "You acknowledged incident #1.")
    assert told == failed.plain
    assert not any("was NOT acknowledged" in words for words in impatient.private("Alice"))


async def test_the_card_shows_a_failure_until_the_next_transition(impatient: Bridge) -> None:
    """Once Bob has acknowledged it in PagerDuty, nobody needs to know any more that Alice could not."""
    incident = impatient.trigger()
    await impatient.card("Triggered")
    impatient.pagerduty.add_fault(Fault(**PUT, status=429, ratelimit_reset=30, times=1))
    await impatient.click("Alice", "Acknowledge")
    await impatient.card("acknowledgement failed")

    impatient.pagerduty.web("PBOB1").acknowledge(incident.id)

    card = await impatient.card("Acknowledged by Bob Ng in PagerDuty")
    assert "acknowledgement failed" not in card.plain
    assert [] == impatient.effects()


async def test_a_failure_is_gone_from_the_card_though_a_read_saw_the_transition_first(impatient: Bridge) -> None:
    """Carol's refused click read the incident before Bob's webhook came: Alice's failure does not outlive that."""
    incident = impatient.trigger()
    card = await impatient.card("Triggered")
    impatient.pagerduty.add_fault(Fault(**PUT, status=429, ratelimit_reset=1, times=1))
    await impatient.click("Alice", "Acknowledge")
    await impatient.card("acknowledgement failed")
    held = impatient.pagerduty.webhooks.hold(incident.id)
    impatient.pagerduty.web("PBOB1").acknowledge(incident.id)

    await impatient.click("Carol", "Resolve", card)
    await impatient.told("Carol", "belongs to Payments")
    held.release()

    await impatient.lines(1)
    await settled(impatient)
    assert "acknowledgement failed" not in card.plain
    assert "Acknowledged by Bob Ng in PagerDuty" in card.plain


async def test_commands_of_one_incident_run_one_after_the_other(bridge: Bridge) -> None:
    """Bob resolves while Alice's acknowledge is under way: it waits its turn, and both are done in that order."""
    incident = bridge.trigger()
    card = await bridge.card("Triggered")
    slow = 0.4
    bridge.pagerduty.add_fault(Fault(**PUT, delay=slow, times=1))

    await bridge.click("Alice", "Acknowledge", card)
    await bridge.until_called("PUT", "/incidents/*")
    await bridge.resolve("Bob", card)

    await bridge.card("Resolved by Bob Ng in Slack")
    first, second = bridge.writes()
    assert ("alice@example.com", "bob@example.com") == (first.from_email, second.from_email)
    assert (second.at - first.at).total_seconds() >= slow
    lines = await bridge.lines(2)
    assert "Alice Ng acknowledged it in Slack" in lines[0]
    assert "resolved" == bridge.pagerduty.incident(incident.id).status


async def test_a_slow_incident_holds_up_no_other(bridge: Bridge) -> None:
    """While PagerDuty does not answer for one incident, the other is acknowledged at once."""
    stuck, quick = bridge.trigger("Stuck"), bridge.trigger("Quick")
    cards = [await bridge.card("Stuck"), await bridge.card("Quick")]
    fault = bridge.pagerduty.add_fault(Fault("PUT", f"/incidents/{stuck.id}", status=503))
    await bridge.click("Alice", "Acknowledge", cards[0])
    await bridge.until_called("PUT", f"/incidents/{stuck.id}")

    await bridge.click("Bob", "Acknowledge", cards[1])

    await bridge.channel.wait(lambda _: "Acknowledged by Bob Ng" in cards[1].plain)
    assert "Triggered" in cards[0].plain
    assert "triggered" == bridge.pagerduty.incident(stuck.id).status
    assert "acknowledged" == bridge.pagerduty.incident(quick.id).status
    fault.remove()
    await bridge.channel.wait(lambda _: "Acknowledged by Alice Ng" in cards[0].plain)


@pytest.mark.parametrize(("reset", "at_least"), [(2, 2.0), (None, PAUSE)], ids=["says when", "says nothing"])
async def test_too_many_requests(bridge: Bridge, reset: int | None, at_least: float) -> None:
    """PagerDuty's limit is waited for, as long as it says or else a second, and the press goes through."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, status=429, ratelimit_reset=reset, times=1))

    await bridge.click("Alice", "Acknowledge")

    await bridge.card("Acknowledged by Alice Ng in Slack")
    first, second = bridge.writes()
    assert at_least <= (second.at - first.at).total_seconds()
    assert 1 == len(bridge.effects())


async def test_an_acknowledge_that_reopened_can_be_taken_back(bridge: Bridge) -> None:
    """Bob resolved in the same moment: every transition has its line, and Alice's Resolve button works."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.add_fault(Fault(**PUT, delay=0.4, times=1))
    await bridge.click("Alice", "Acknowledge")
    await bridge.until_called("PUT", "/incidents/*")
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    again = await message_to(bridge, "Alice", "Your acknowledgement reopened incident #1")

    lines = await bridge.lines(3)
    assert ["Resolve"] == again.buttons
    for words in ("Bob Ng resolved it in PagerDuty", "Alice Ng reopened it in Slack", "Alice Ng acknowledged it in"):
        assert 1 == sum(words in line for line in lines), lines
    await bridge.resolve("Alice", again)

    await bridge.card("Resolved by Alice Ng in Slack")
    await settled(bridge)
    assert "resolved" == bridge.pagerduty.incident(incident.id).status
    assert 2 == len(bridge.writes())
    assert 4 == len(bridge.channel.messages[0].replies)
