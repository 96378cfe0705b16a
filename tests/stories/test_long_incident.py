"""An incident of which much was told: its old lines leave the document, and nothing else changes."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest

from pagebridge_sandbox.slack import Fault, Message
from shared.model.ids import IncidentId
from shared.store import document_kinds
from shared.store.incidents import Incidents
from shared.store.redis import connect
from tests.stories.harness import PATIENCE, Bridge, settled, until
from tests.stories.test_resync import looked, looking, passes, shown
from tests.stories.test_sweep import post_again

NOTES = 40
BURST = 150
FEW = 24
"""Lines that stay in the documents at most: the newest, and what later ones are understood by."""


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run the bridge with a worker that compares all the time."""
    async with looking() as bridge:
        yield bridge


async def noted(bridge: Bridge) -> tuple[IncidentId, Message]:
    """Let Alice write many notes, one a second, and wait until they are told and most of them moved out."""
    incident, card = await shown(bridge)
    for number in range(NOTES):
        bridge.pagerduty.clock.advance(1)
        bridge.pagerduty.web("PALICE1").add_note(incident, f"Note {number:02d}.")
    await until(lambda: len(card.replies) == NOTES, "the notes to be told")
    await settled(bridge)
    bridge.pagerduty.clock.advance(6)
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    await until(lambda: len(card.replies) == NOTES + 1, "the acknowledgement to be told")
    await settled(bridge)
    lines, messages = await kept(bridge, IncidentId(incident))
    assert max(lines, messages) <= FEW
    return IncidentId(incident), card


async def kept(bridge: Bridge, incident: IncidentId) -> tuple[int, int]:
    """Count the lines in the incident's document, and the messages in that of Slack."""
    redis = connect(bridge.valkey.url)
    lines = (await Incidents(redis).load(incident)).value.lines
    messages = (await document_kinds.surfaces(redis).load(incident)).value.lines
    await redis.aclose()
    return len(lines), len(messages)


async def test_what_was_told_is_not_told_again(bridge: Bridge) -> None:
    """Every old delivery comes once more, under its own id and under a new one, and resync reads the whole log."""
    incident, card = await noted(bridge)
    before = [reply.plain for reply in card.replies]

    for event in {sent.event_id: None for sent in bridge.pagerduty.webhooks.log if sent.incident_id == incident}:
        bridge.pagerduty.webhooks.redeliver(event)
    await bridge.pagerduty.webhooks.wait_until_idle()
    await looked(bridge)

    assert before == [reply.plain for reply in card.replies]
    assert max(await kept(bridge, incident)) <= FEW


async def test_an_old_note_that_is_edited_is_told(bridge: Bridge) -> None:
    """Its line is not in the document any more, and is known all the same."""
    incident, card = await noted(bridge)
    note = bridge.pagerduty._account.incident(incident).notes[0]

    bridge.pagerduty.clock.advance(2)
    bridge.pagerduty.web("PALICE1").edit_note(incident, note.id, "It was the database")

    await until(lambda: len(card.replies) == NOTES + 2, "the edit to be told")
    await looked(bridge)
    assert "It was the database" in card.replies[-1].plain
    assert NOTES + 2 == len(card.replies)


async def test_what_waits_for_slack_is_counted(bridge: Bridge) -> None:
    """Slack is down for long: then the state comes, one line counts the rest, and nothing of it is told later."""
    incident, card = await shown(bridge)
    await settled(bridge)
    outage = bridge.slack.add_fault(Fault("chat.postMessage", error="internal_error"))
    for number in range(BURST):
        bridge.pagerduty.web("PALICE1").add_note(incident, f"Note {number:03d}.")
        if number % 20 == 19:
            await bridge.pagerduty.webhooks.wait_until_idle(timeout=PATIENCE)
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    await bridge.pagerduty.webhooks.wait_until_idle(timeout=PATIENCE)
    await small(bridge, IncidentId(incident))

    outage.remove()
    await until(lambda: any("acknowledged" in reply.plain for reply in card.replies), "the acknowledgement to be told")
    await until(passed_again(), "another look")
    told = [reply.plain for reply in card.replies]
    for event in {sent.event_id: None for sent in bridge.pagerduty.webhooks.log if sent.incident_id == incident}:
        bridge.pagerduty.webhooks.redeliver(event)
    await bridge.pagerduty.webhooks.wait_until_idle(timeout=PATIENCE)
    await until(passed_again(3), "everything to be compared")

    assert told == [reply.plain for reply in card.replies]
    assert BURST * 0.8 <= sum("Note" in line for line in told) + sum(counted(line) for line in told) <= BURST
    assert len(told) <= 4


async def small(bridge: Bridge, incident: IncidentId) -> None:
    """Wait until what is to be told is small again."""
    async with asyncio.timeout(PATIENCE):
        while max(await kept(bridge, incident)) > FEW:
            await until(passed_again(), "another look")


def passed_again(times: int = 1) -> Callable[[], bool]:
    """Tell when resync has come to its end so many times; the incident itself is due for as long as a burst lasts."""
    before = passes()
    return lambda: passes() >= before + times


def counted(line: str) -> int:
    """Read how many changes a line counts."""
    found = re.search(r"([\d,]+) further change", line)
    return int(found[1].replace(",", "")) if found else 0


async def test_a_second_message_of_an_old_line_is_deleted(bridge: Bridge) -> None:
    """The first one stays, although no document names it any more."""
    _, card = await noted(bridge)
    old = card.replies[3]

    await post_again(bridge, old)
    await until(lambda: len(card.replies) == NOTES + 2, "the second one")
    await until(lambda: len(card.replies) == NOTES + 1, "the second one to go")

    assert old in card.replies
