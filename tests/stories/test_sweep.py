"""What a process left behind in Slack that died, or woke up too late, is found by comparing Slack with the records."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.slack import Fault, Message
from shared.model.ids import ChannelId, MessageTs
from shared.slack.api.client import Slack
from tests.metric_samples import sample
from tests.stories.harness import Bridge, running, settled, until
from tests.stories.test_resync import LOOKING, looked, looking, shown
from tests.stories.test_slack_failures import remove_with_replies

OTHER = "C0ZOTHER"
"""Another channel, which is swept after the incidents'."""


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run the bridge with a worker that compares all the time."""
    async with looking() as bridge:
        yield bridge


def swept(wrong: str) -> float:
    """Count what the sweep has put in order so far."""
    return sample("pagebridge_sweep_repairs_total", {"wrong": wrong}) or 0.0


async def post_again(bridge: Bridge, message: Message) -> None:
    """Post a message a second time, as a post does that was given up and is carried out late."""
    slack = Slack(bridge.slack.bot_token, bridge.slack.api_url, pace=0)
    assert message.metadata
    thread = MessageTs(message.thread_ts) if message.thread_ts else None
    channel = ChannelId(bridge.channel.id)
    await slack.post(channel, text=message.text, blocks=message.blocks, metadata=message.metadata, thread_ts=thread)
    await slack.aclose()


async def test_a_second_card_is_deleted(bridge: Bridge) -> None:
    """The recorded one stays."""
    _, card = await shown(bridge)
    before = swept("doubled")
    await post_again(bridge, card)
    assert 2 == len(bridge.channel.messages)

    await until(lambda: len(bridge.channel.messages) == 1, "the second card to go")

    assert [card] == bridge.channel.messages
    # The card is gone before the bridge hears so.
    await until(lambda: swept("doubled") == before + 1, "the deletion to be counted")


async def noted(bridge: Bridge) -> tuple[str, Message]:
    """Let an incident have a card with a line."""
    incident, card = await shown(bridge)
    bridge.pagerduty.web("PBOB1").add_note(incident, "Looked at shard 2")
    await bridge.lines(1)
    await settled(bridge)
    return incident, card


async def test_a_second_line_is_deleted(bridge: Bridge) -> None:
    """The recorded one stays, as does what people said below it."""
    _, card = await noted(bridge)
    line = card.replies[0]
    await post_again(bridge, line)
    bridge.slack.person(bridge.acme.people["Alice"]).post("I am on it", bridge.channel.id, card.ts)
    await until(lambda: len(card.replies) == 3, "both")

    await until(lambda: len(card.replies) == 2, "the second line to go")

    assert line is card.replies[0]
    assert "I am on it" in card.replies[1].plain


async def test_a_line_beside_its_thread_is_deleted(bridge: Bridge) -> None:
    """Card and thread were deleted, Slack posts the next line into the channel, and its answer gets lost."""
    incident, _ = await shown(bridge)
    await settled(bridge)
    remove_with_replies(bridge)
    bridge.slack.unthreads_orphans = True
    bridge.slack.add_fault(Fault("chat.postMessage", drop=True, after_effect=True, times=1))

    bridge.pagerduty.web("PBOB1").add_note(incident, "Looked at shard 3")

    await until(lambda: "Looked at shard 3" in str([m.replies for m in bridge.channel.messages]), "the line")
    await until(lambda: len(bridge.channel.messages) == 1, "the stray line to go")
    assert "[Acknowledge]" in bridge.channel.messages[0].plain


async def test_a_card_that_says_something_else_is_written_again(bridge: Bridge) -> None:
    """An update landed late over a newer one, and whoever sent it is dead."""
    incident, card = await shown(bridge)
    old = (card.text, card.blocks)
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    await bridge.card("Acknowledged by Bob Ng")
    await looked(bridge)
    slack = Slack(bridge.slack.bot_token, bridge.slack.api_url, pace=0)

    await slack.update(ChannelId(bridge.channel.id), MessageTs(card.ts), text=old[0], blocks=old[1])

    await slack.aclose()
    await bridge.card("Acknowledged by Bob Ng")
    await looked(bridge)
    assert [card] == bridge.channel.messages


async def test_a_card_that_somebody_deleted_comes_back(bridge: Bridge) -> None:
    """Nothing has changed at PagerDuty; the incident is open, so it needs its card."""
    _, card = await noted(bridge)
    bridge.channel.remove(card.replies[0])
    bridge.channel.remove(card)

    again = await bridge.card("Triggered")

    assert again is not card


async def test_a_line_that_somebody_deleted_stays_away(bridge: Bridge) -> None:
    """People may take a line out of a thread; it was told."""
    _, card = await noted(bridge)
    bridge.channel.remove(card.replies[0])

    await looked(bridge, 5)

    assert [] == card.replies


async def test_at_rest_nothing_is_written(bridge: Bridge) -> None:
    """Comparing costs reads only: no update, no post, no deletion."""
    incident, _ = await shown(bridge)
    bridge.pagerduty.web("PBOB1").acknowledge(incident)
    await bridge.lines(1)
    await looked(bridge)
    calls = [call for method in ("chat.update", "chat.postMessage") for call in bridge.slack.calls_to(method)]

    await looked(bridge, 5)

    again = [call for method in ("chat.update", "chat.postMessage") for call in bridge.slack.calls_to(method)]
    assert calls == again
    assert [] == bridge.slack.calls_to("chat.delete")


async def test_many_channels_are_all_looked_at() -> None:
    """Slack's limits leave little room for what nobody waits for, so each channel and thread waits for its turn."""
    rooms = [f"C0ROOM{number}" for number in range(4)]
    routes = [{"service": f"PSERVICE{number}", "channel": room} for number, room in enumerate(rooms)]
    routing = {"default_channel": "C0INCIDENTS", "routes": routes}
    limited = replace(LOOKING, resync=0.4, retry_max=0.4, pace=0.2)
    async with running(durations=limited, routing=routing) as bridge:
        for room in rooms:
            bridge.slack.add_channel(room.lower(), id=room)
        _, card = await noted(bridge)
        bridge.channel.remove(card.replies[0])
        bridge.channel.remove(card)

        assert await bridge.card("Triggered") is not card
        await until(lambda: len(bridge.slack.calls_to("conversations.replies")) > 0, "a look at the thread")


@asynccontextmanager
async def beside_another_channel() -> AsyncIterator[Bridge]:
    """Run the bridge with a second channel, which takes what no route does."""
    routing = {"default_channel": OTHER, "routes": [{"service": "checkout-api", "channel": "C0INCIDENTS"}]}
    async with running(durations=LOOKING, routing=routing) as bridge:
        bridge.slack.add_channel("other", id=OTHER, members=list(bridge.acme.people.values()))
        yield bridge


async def test_a_channel_that_cannot_be_read_holds_up_no_other() -> None:
    """Slack fails at its history, each time: what is doubled elsewhere, a card or a line, is deleted all the same."""
    async with beside_another_channel() as bridge:
        _, card = await noted(bridge)
        fault = bridge.slack.add_fault(Fault("conversations.history", channel=OTHER, error="internal_error"))
        await until(lambda: fault.match_count > 1, "failures")
        await post_again(bridge, card)
        await post_again(bridge, card.replies[0])

        await until(lambda: (len(bridge.channel.messages), len(card.replies)) == (1, 1), "what is doubled to go")


async def test_a_card_of_an_incident_that_is_not_shown_holds_up_nothing() -> None:
    """A card in another channel names an incident that our key may not read: what is doubled elsewhere is deleted."""
    async with beside_another_channel() as bridge:
        incident, card = await shown(bridge)
        fault = bridge.pagerduty.add_fault(PagerDutyFault("GET", "/incidents/QSECRET1", status=403))
        slack = Slack(bridge.slack.bot_token, bridge.slack.api_url, pace=0)
        metadata = json.loads(json.dumps(card.metadata).replace(incident, "QSECRET1"))
        await slack.post(ChannelId(OTHER), text=card.text, blocks=card.blocks, metadata=metadata)
        await slack.aclose()
        await until(lambda: fault.match_count > 1, "failures")
        await post_again(bridge, card)

        await until(lambda: len(bridge.channel.messages) == 1, "the second card to go")
