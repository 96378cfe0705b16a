"""PagerDuty answers slowly: what people do goes first, each is told their place, and one does not hold up another."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from pagebridge_sandbox.pagerduty import Fault
from shared.pagerduty.api.lanes import SEATS, Lane
from tests.stories.durations import PATIENT
from tests.stories.harness import Bridge, running, settled, until
from tests.stories.typed_commands import types

SLOW = 1.0
"""Seconds that PagerDuty takes to answer."""
MANY = SEATS[Lane.ACT].each + 8
"""Incidents that one press acknowledges, more than one person has seats."""
IMPATIENT = replace(PATIENT, ack_silence=0.3)
"""A bridge that soon tells people that they wait, and gives a call four seconds: on a busy machine one would not do."""


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run Acme's bridge with one worker."""
    async with running(durations=IMPATIENT) as acme:
        yield acme


async def acknowledge_all(bridge: Bridge, count: int) -> None:
    """Let Alice acknowledge everything that is hers, with one press."""
    await types(bridge, "Alice", "/pd ack mine")
    await bridge.told("Alice", f"{count} incidents are waiting")
    shown = bridge.slack.person(bridge.acme.people["Alice"]).private_messages[-1]
    await bridge.click("Alice", f"Acknowledge {count} incidents", shown)


async def opened(bridge: Bridge, count: int) -> None:
    """Let monitoring open so many incidents, and wait until all is quiet."""
    for number in range(count):
        bridge.trigger(f"Slow {number}")
    await settled(bridge)


async def test_one_press_acknowledges_everything(bridge: Bridge) -> None:
    """All are acknowledged once, in her name; who she is was read once; she reads her place once, and one summary."""
    await opened(bridge, MANY)
    slow = bridge.pagerduty.add_fault(Fault(delay=SLOW))
    await types(bridge, "Alice", "/pd whoami")
    await bridge.told("Alice", "You are Alice Ng")
    before = len(bridge.pagerduty.calls)

    await acknowledge_all(bridge, MANY)

    await until(lambda: len(bridge.effects()) == MANY, "every acknowledge")
    slow.remove()
    await settled(bridge)
    assert {"alice@example.com": MANY} == Counter(call.from_email for call in bridge.effects())
    assert MANY == len(bridge.writes())
    after_the_press = bridge.pagerduty.calls[before:]
    of_people = [call for call in after_the_press if call.path == "/users/PALICE1"]
    assert len(of_people) <= 3, "the list, and the press, or again after ten seconds"
    shown = bridge.slack.person("U0ALICE").private_messages
    said = [words for message in shown for words in (*message.history, message.plain)]
    # Either, depending on how soon the first of them was sent.
    assert 1 == sum("is in line: " in words or "is on its way" in words for words in said)
    assert 1 == sum(f"You acknowledged {MANY} of {MANY} incidents" in words for words in said)
    assert ["You are Alice Ng" in words for words in bridge.private("Alice")] == [True, False]
    assert not [words for words in bridge.private("Alice") if "can't be reached" in words]


async def test_who_keeps_opening_details_holds_up_nobody(bridge: Bridge) -> None:
    """Bob has opened details many times over; Alice's acknowledge is done when few of them have been read."""
    await opened(bridge, 1)
    slow = bridge.pagerduty.add_fault(Fault(delay=SLOW))
    for _ in range(20):
        await bridge.click("Bob", "Details")
    before = len(bridge.pagerduty.calls)

    await bridge.click("Alice", "Acknowledge")

    await until(lambda: len(bridge.effects()) == 1, "the acknowledge")
    theirs = [call for call in bridge.pagerduty.calls[before:] if call.method == "GET"]
    # Hers take three answers, one after the other, beside which he can have so many; what is for cards comes to that.
    assert len(theirs) < 4 * SEATS[Lane.READ].all
    slow.remove()
    await settled(bridge)


async def test_in_an_outage_the_last_hears_like_the_first(bridge: Bridge) -> None:
    """More people have clicked than have seats: each hears at once that nothing has happened yet, and why."""
    count = SEATS[Lane.ACT].all + 4
    for number in range(count):
        person = bridge.slack.add_user(f"Clicker {number}", email=f"c{number}@example.com", id=f"U1CLICK{number}")
        bridge.channel.members.append(person.id)
        bridge.acme.people[f"Clicker {number}"] = person.id
    await opened(bridge, count)
    hung = bridge.pagerduty.add_fault(Fault(hang=True))
    cards = list(bridge.channel.messages)

    async with asyncio.TaskGroup() as group:
        for number, card in enumerate(cards):
            group.create_task(bridge.click(f"Clicker {number}", "Acknowledge", card))

    for number in range(count):
        await bridge.told(f"Clicker {number}", "is")
    everyone = [f"Clicker {number}" for number in range(count)]
    await until(lambda: any("is in line: " in words for name in everyone for words in bridge.private(name)), "a place")
    hung.remove()


async def test_a_worker_that_ends_leaves_who_waits_to_the_next(bridge: Bridge) -> None:
    """Commands that wait for their turn are not cut off: another worker carries them out, once."""
    count = 3 * SEATS[Lane.ACT].each
    await opened(bridge, count)
    slow = bridge.pagerduty.add_fault(Fault(delay=2 * SLOW))
    await acknowledge_all(bridge, count)
    await until(lambda: len(bridge.effects()) > 0, "the first acknowledge")

    await bridge.stop_workers()
    left = count - len(bridge.effects())
    await bridge.start_worker(IMPATIENT)

    await until(lambda: len(bridge.effects()) == count, "every acknowledge")
    slow.remove()
    await bridge.told("Alice", f"You acknowledged {count} of {count} incidents")
    await settled(bridge)
    assert left
    assert count == len({call.path for call in bridge.effects()})
