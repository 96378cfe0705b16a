"""A direct message to who is paged and asked for it: the incident's card, in their own conversation with the app."""

from pagebridge_sandbox.slack import Message
from shared.config.notify_config import NotifyConfig
from tests.stories.harness import Bridge, running, settled, until
from tests.stories.test_home_tab import home, shown
from tests.stories.test_private_answers import direct
from tests.stories.test_refusals import hire
from tests.stories.typed_commands import answered


def own_cards(bridge: Bridge, name: str) -> list[Message]:
    """List the messages in somebody's conversation with the app."""
    try:
        return bridge.slack.person(bridge.acme.people[name]).direct_messages.messages
    except LookupError:
        return []


async def own_card(bridge: Bridge, name: str, contains: str) -> Message:
    """Wait until somebody's (only) direct message says so."""
    await until(lambda: any(contains in each.plain for each in own_cards(bridge, name)), f"{name}'s {contains}")
    (message,) = own_cards(bridge, name)
    return message


async def test_who_is_paged_and_asked_for_it() -> None:
    """Alice gets the card, and acts on it; Bob, who didn't ask, gets none; what follows is only an update."""
    async with running(notify={"enabled": True}) as bridge:
        bridge.slack.bot_scopes |= {"im:write", "im:history"}
        assert "are off" in await answered(bridge, "Alice", "/pd notify")
        assert "on" in await answered(bridge, "Alice", "/pd notify on", "are on:")
        bridge.trigger()
        card = await own_card(bridge, "Alice", "Triggered")
        await bridge.card("Triggered")
        assert "The full timeline is in" in card.plain

        assert (await bridge.click("Alice", "Acknowledge", card)).acked
        card = await own_card(bridge, "Alice", "Acknowledged by Alice")
        await bridge.card("Acknowledged by Alice")
        await settled(bridge)
        assert [] == card.replies
        assert ["alice@example.com"] == [write.from_email for write in bridge.effects()]
        assert [] == direct(bridge, "Bob")


async def test_choosing_it() -> None:
    """On the Home tab, by a command, or not at all: each is told how it stands, or what stands in the way."""
    async with running(notify={"enabled": True}) as bridge:
        assert "switched on" not in (await home(bridge, "Carol", "Direct messages are off")).plain
        assert "Slack refused a request" in await answered(bridge, "Carol", "/pd notify on", "Couldn't")
        tab = await home(bridge, "Carol", "Direct messages are off")
        assert (await tab.click("Message me")).acked
        await until(lambda: any("Slack refused a request" in each for each in direct(bridge, "Carol")), "the reason")

        bridge.slack.bot_scopes |= {"im:write", "im:history"}
        tab = await home(bridge, "Carol", "Direct messages are off")
        assert (await tab.click("Message me: high urgency only")).acked
        await shown(bridge, "Carol", "Direct messages are on for high urgency")
        assert "on for high urgency" in await answered(bridge, "Carol", "/pd notify", "Direct")
        assert "are off" in await answered(bridge, "Carol", "/pd notify OFF", "Direct")
        hire(bridge, "Dave")
        assert "isn't linked to PagerDuty" in await answered(bridge, "Dave", "/pd notify on", "linked")
        assert "/pd notify high" in await answered(bridge, "Carol", "/pd notify hi", "Try")


async def test_choosing_it_when_it_was_switched_off() -> None:
    """The tab of before still has the buttons: a press is told that no one gets direct messages here."""
    async with running(notify={"enabled": True}) as bridge:
        tab = await home(bridge, "Carol", "Direct messages are off")
        bridge.configure(notify=NotifyConfig())

        assert (await tab.click("Message me")).acked

        await until(lambda: any("not switched on" in each for each in direct(bridge, "Carol")), "the reason")
