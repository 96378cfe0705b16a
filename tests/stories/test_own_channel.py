"""A channel for an incident: opened, filled, kept as the incident is, and archived."""

from pagebridge_sandbox.slack import Channel
from tests.stories.harness import Bridge, running, settled

SCOPES = {"channels:manage", "groups:write", "pins:write", "bookmarks:read", "bookmarks:write"}


async def own_channel(bridge: Bridge, name: str) -> Channel:
    """Wait until there is a channel of this name, and return it."""
    await bridge.slack.wait(lambda slack: name in [each.name for each in slack.channels.values()])
    return next(each for each in bridge.slack.channels.values() if each.name == name)


async def test_a_channel_is_opened_and_kept() -> None:
    """By itself: with topic, bookmark, pinned card and people; quiet; the thread links it; and archived in the end."""
    async with running(
        workers=0, incident_channels={"automatic": [{"urgency": "high"}], "archive_after": "1s"}
    ) as bridge:
        bridge.slack.bot_scopes |= SCOPES
        await bridge.start_worker()
        bridge.trigger("Checkout is slow: P95 > 2s (Zürich)")
        own = await own_channel(bridge, "inc-1-checkout-is-slow-p95-2s-zurich")
        await own.wait(lambda channel: any(message.pinned for message in channel.messages))

        await own.wait(lambda channel: "U0ALICE" in channel.members)
        assert "U0BOB" not in own.members
        bridge.pagerduty.web("PBOB1").acknowledge(bridge.pagerduty.incident(1).id)
        await own.wait(lambda channel: "U0BOB" in channel.members and channel.topic.startswith("Acknowledged"))
        await bridge.card(f"This incident has a channel: #{own.name}")
        await settled(bridge)
        told = [message.plain for message in own.messages if message.subtype == "channel_topic"]
        assert 2 == len(told)
        cards = [message for message in own.messages if message.subtype is None]
        assert 1 == len(cards)
        assert "The full timeline is in #incidents" in cards[0].plain

        bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(1).id)
        await own.wait(lambda channel: channel.archived)
