"""Cards that are late: people are told once, and once that it is over, and operators see by how much."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from pagebridge_sandbox.slack import Fault
from shared.store import keys
from shared.store.redis import connect
from tests.metric_samples import sample
from tests.stories.harness import FAST, Bridge, running, settled, until

LATE, OVER = "are late", "up to date again"


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run a bridge in which a third of a second is late."""
    async with running(durations=replace(FAST, delay_notice_after=0.3)) as acme:
        yield acme


def said(bridge: Bridge, words: str) -> int:
    """Count the messages in the channel that say `words`."""
    return sum(words in message.plain for message in bridge.channel.messages)


def delays() -> tuple[float, float]:
    """Read how many cards have been shown, and how many of these at once."""
    name = "pagebridge_card_delay_seconds"
    shown, prompt = (
        sample(f"{name}_count"),
        sample(f"{name}_bucket", {"le": "0.5"}),
    )
    return shown or 0.0, prompt or 0.0


async def test_people_are_told_that_cards_are_late(bridge: Bridge) -> None:
    """However many cards have to wait, and however often they are tried: one line, and another when it is over."""
    incidents = [bridge.trigger(f"Trouble {n}") for n in range(3)]
    await bridge.channel.wait(lambda c: len(c.messages) == 3)
    await settled(bridge)
    outage = bridge.slack.add_fault(Fault("chat.update", http_status=503))
    before, prompt = delays()
    for incident in incidents:
        bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await until(lambda: said(bridge, LATE) == 1, "words on the delay")

    outage.remove()

    await until(lambda: said(bridge, OVER) == 1, "words on its end")
    await settled(bridge)
    assert (1, 1) == (said(bridge, LATE), said(bridge, OVER))
    assert 3 == sum("Resolved" in message.plain for message in bridge.channel.messages)
    assert (before + 3, prompt) == delays()


async def test_nobody_is_told_of_a_short_delay(bridge: Bridge) -> None:
    """A card that comes in time is not spoken of, and leaves nothing behind."""
    bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)

    assert 1 == len(bridge.channel.messages)
    redis = connect(bridge.valkey.url)
    assert 0 == await redis.exists(keys.of_channel("C0INCIDENTS", "behind"), keys.of_channel("C0INCIDENTS", "lag"))  # type: ignore[arg-type]  # the ids of tests are plain text
    await redis.aclose()


async def test_words_that_could_not_be_said_are_said_later(bridge: Bridge) -> None:
    """Slack refuses them as well, at first."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    outage = bridge.slack.add_fault(Fault("chat.update", http_status=503))
    refused = bridge.slack.add_fault(Fault("chat.postMessage", retry_after=1, times=2))

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    await until(lambda: said(bridge, LATE) == 1, "words on the delay")
    outage.remove()
    refused.remove()
    await until(lambda: said(bridge, OVER) == 1, "words on its end")


async def test_a_card_that_went_elsewhere_is_not_late_for_ever(bridge: Bridge) -> None:
    """It had to wait, and then its channel was archived: nobody there waits for it any more."""
    channel = bridge.slack.add_channel("checkout", id="C0CHECKOUT")
    bridge.route(service="checkout-api", channel="C0CHECKOUT")
    limited = bridge.slack.add_fault(Fault("chat.postMessage", channel="C0CHECKOUT", retry_after=1, times=1))
    bridge.trigger("Displaced")
    await until(lambda: limited.match_count > 0, "a try")
    channel.archived = True
    await bridge.card("Displaced")

    redis = connect(bridge.valkey.url)
    assert 0 == await redis.exists(keys.of_channel("C0CHECKOUT", "behind"))  # type: ignore[arg-type]  # the ids of tests are plain text
    await redis.aclose()
