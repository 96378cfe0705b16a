"""What the store holds of an incident cannot be read: it is found out anew, with one card, and no other is hurt."""

from collections.abc import AsyncIterator

import pytest

from pagebridge_sandbox.slack import Message
from shared.model.ids import ChannelId, IncidentId
from shared.model.resync_state import GLOBAL
from shared.store import keys
from shared.store.redis import connect
from tests.metric_samples import sample
from tests.stories.harness import Bridge, settled, until
from tests.stories.test_resync import looked, looking, shown
from tests.stories.typed_commands import answered
from tests.webhook_receiver.running import until as until_so

SPOILT = b'{"id": "Q1", "lines": [{"ke'


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run the bridge with a worker that compares all the time."""
    async with looking() as bridge:
        yield bridge


async def spoil(bridge: Bridge, incident: str, part: str, text: bytes = SPOILT) -> None:
    """Let a document break off in the middle."""
    redis = connect(bridge.valkey.url)
    await redis.hset(keys.of_incident(IncidentId(incident), part), "doc", text)
    await redis.aclose()


def unreadable(kind: str) -> float:
    """Count the records of a kind that could not be read."""
    return sample("pagebridge_documents_unreadable_total", {"kind": kind}) or 0.0


def told(card: Message) -> list[str]:
    """List what the thread says, without when."""
    return [reply.plain.rpartition(" · ")[0] for reply in card.replies]


@pytest.mark.parametrize("part", ["incident", "slack"])
@pytest.mark.parametrize("text", [SPOILT, b'{"id": 5}', b"\xff\xfe", b"null"])
async def test_a_document_that_cannot_be_read_is_found_out_anew(bridge: Bridge, part: str, text: bytes) -> None:
    """There is one card, what comes next is told, and nothing is told again."""
    incident, card = await shown(bridge)
    bridge.pagerduty.web("PBOB1").add_note(incident, "Looking at it.")
    await until(lambda: len(card.replies) == 1, "the note")
    await settled(bridge)
    before = told(card), unreadable(part)

    async def noticed() -> bool:
        if unreadable(part) > before[1]:
            return True
        await spoil(bridge, incident, part, text)  # once more: a pass may have stored what it had read before
        return False

    await until_so(noticed, "it to be noticed")
    await looked(bridge)
    bridge.pagerduty.clock.advance(2)
    bridge.pagerduty.web("PALICE1").acknowledge(incident)

    await until(lambda: len(card.replies) > 1 and "Acknowledged" in card.plain, "the acknowledgement")
    await looked(bridge)
    assert [card] == bridge.channel.messages
    assert before[0] == told(card)[:1]
    assert 2 == len(card.replies)


async def test_an_event_finds_a_document_that_cannot_be_read(bridge: Bridge) -> None:
    """The event that comes first is not lost over it."""
    incident, card = await shown(bridge)
    await settled(bridge)

    await spoil(bridge, incident, "incident")
    bridge.pagerduty.web("PALICE1").acknowledge(incident)

    await until(lambda: "Acknowledged" in card.plain and len(card.replies) == 1, "the acknowledgement")
    await looked(bridge)
    assert [card] == bridge.channel.messages
    assert 1 == len(card.replies)


async def test_a_list_goes_on_without_it(bridge: Bridge) -> None:
    """Whoever asks for the list reads the others, also where the index names what is no incident."""
    _, card = await shown(bridge)
    other = bridge.trigger("Disk full").id
    await bridge.card("Disk full")
    await settled(bridge)
    redis = connect(bridge.valkey.url)
    await redis.zadd(keys.of_channel(ChannelId(bridge.channel.id), "open"), {"no id!": 1})
    await redis.aclose()
    await spoil(bridge, other, "incident")

    answer = await answered(bridge, "Alice", "/pd list")

    assert "Checkout" in answer
    await until(lambda: card in bridge.channel.messages, "the cards to stay")
    await looked(bridge)
    assert 2 == len(bridge.channel.messages)


@pytest.mark.parametrize("part", ["commands", "progress"])
async def test_work_goes_on_without_what_was_noted(bridge: Bridge, part: str) -> None:
    """A queue of commands, or the progress of the upkeep, is begun anew."""
    incident, card = await shown(bridge)
    await settled(bridge)
    await spoil(bridge, GLOBAL if part == "progress" else incident, part)

    click = await bridge.click("Alice", "Acknowledge", card)

    assert click.acked
    await until(lambda: "Acknowledged" in card.plain, "the acknowledgement")
    await looked(bridge)
    assert 1 == len(bridge.effects())
