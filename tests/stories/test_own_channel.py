"""A channel for an incident: opened, filled, kept as the incident is, and archived."""

from pathlib import Path

from pagebridge_sandbox.slack import Channel, Fault, Message, SlackSandbox
from shared.config.bridge_config import BridgeConfig
from shared.diagnostics.credential_checks import optional_scopes
from tests.stories.harness import Bridge, running, settled
from tests.stories.processes import deployed_with_receiver, struck
from tests.stories.typed_commands import answered, opened, secret_incident, types

SCOPES = optional_scopes(BridgeConfig.model_validate({"incident_channels": {}})).keys()
"""What the app is granted by the manifest of a bridge that opens channels."""


def own_channels(slack: SlackSandbox) -> list[Channel]:
    """List the channels that the app has opened."""
    return [each for each in slack.channels.values() if each.creator == slack.bot_user_id]


async def own_channel(bridge: Bridge) -> Channel:
    """Wait until there is one with its card pinned, and return it."""
    await bridge.slack.wait(lambda slack: bool(own_channels(slack)))
    [own] = own_channels(bridge.slack)
    await own.wait(lambda channel: any(message.pinned for message in channel.messages))
    return own


def cards(own: Channel) -> list[Message]:
    """List what the app has posted there, but for what Slack tells of the channel itself."""
    return [message for message in own.messages if message.subtype is None]


async def test_a_channel_is_opened_and_kept() -> None:
    """By itself: with topic, bookmark, pinned card and people; quiet; the card links it; and archived in the end."""
    config = {"automatic": [{"urgency": "high"}], "archive_after": "1s"}
    async with running(workers=0, incident_channels=config) as bridge:
        bridge.slack.bot_scopes |= SCOPES
        await bridge.start_worker()
        bridge.trigger("Checkout is slow: P95 > 2s (Zürich)")
        own = await own_channel(bridge)

        assert "inc-1-checkout-is-slow-p95-2s-zurich" == own.name
        await own.wait(lambda channel: "U0ALICE" in channel.members)
        assert "U0BOB" not in own.members
        [card] = cards(own)
        assert (await bridge.click("Bob", "Acknowledge", card)).acked
        await own.wait(lambda channel: "U0BOB" in channel.members and channel.topic.startswith("Acknowledged"))
        await bridge.card(f"This incident has a channel: #{own.name}")
        await settled(bridge)
        assert 2 == sum(message.subtype == "channel_topic" for message in own.messages)
        assert [card] == cards(own)
        assert "The full timeline is in #incidents" in card.plain

        bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(1).id)
        await own.wait(lambda channel: channel.archived)


async def test_a_channel_is_opened_on_demand() -> None:
    """Once, by two workers, for who may act on the incident: Carol, of another team, may not, and is told."""
    async with running(workers=0, incident_channels={}) as bridge:
        bridge.slack.bot_scopes |= SCOPES
        await bridge.start_worker()
        await bridge.start_worker()
        await opened(bridge, "Checkout is slow")
        assert "You can't ask for a channel" in await answered(bridge, "Carol", "/pd channel 1")
        await answered(bridge, "Bob", f"/pd channel {secret_incident(bridge)}", "No channel shows incident #2")
        assert [] == own_channels(bridge.slack)
        bridge.slack.add_fault(Fault("conversations.create", drop=True, after_effect=True, times=1))
        for name in ("Bob", "Alice"):
            await types(bridge, name, "/pd channel")

        own = await own_channel(bridge)
        await own.wait(lambda channel: {"U0ALICE", "U0BOB"} <= set(channel.members))
        await settled(bridge)
        assert [own] == own_channels(bridge.slack)
        assert 1 == len(cards(own))
        assert [] == bridge.writes()
        assert "It is #inc-1-checkout-is-slow, and you are invited." in await answered(bridge, "Bob", "/pd channel 1")


async def test_a_worker_is_killed_while_it_opens_one(tmp_path: Path) -> None:
    """The channel is there, and its answer was never read: the next worker finds it, and goes on."""
    async with deployed_with_receiver(tmp_path) as bridge:
        bridge.slack.bot_scopes |= SCOPES
        with bridge.config.open("a", encoding="utf-8") as config:
            config.write("[[incident_channels.automatic]]\n")
        hanging = bridge.slack.add_fault(Fault("conversations.create", hang=True, effect_after=0.0, times=1))
        killed = await bridge.quick_worker()
        bridge.trigger("Checkout is slow")
        await struck(hanging)
        await bridge.slack.wait(lambda slack: bool(own_channels(slack)))
        await bridge.kill(killed)

        await bridge.quick_worker()

        own = await own_channel(bridge)
        await own.wait(lambda channel: "U0ALICE" in channel.members)
        assert "(pagebridge:" in own.purpose
        assert 1 == len(cards(own))
        assert [own] == own_channels(bridge.slack)
