"""Redis's clock jumps by hours while people work: nothing is lost, nothing is doubled, nobody waits for hours."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge.local import embedded_valkey
from pagebridge_sandbox.slack import Fault, Message
from pagebridge_sandbox.store_clock import StoreClock as Clock
from shared.model.resync_state import GLOBAL
from tests.clocks import HOUR, NEEDED
from tests.servers import VARIABLE
from tests.stories.harness import Bridge, running, settled, until
from tests.webhook_receiver.running import until as until_so

pytestmark = NEEDED


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Make the clock of the Redis that the bridge will run on."""
    clock = Clock(tmp_path)
    monkeypatch.setenv(VARIABLE, str(clock.server(embedded_valkey.packaged_binary())))
    return clock


@pytest.fixture
async def bridge(tmp_path: Path, clock: Clock) -> AsyncIterator[Bridge]:  # noqa: ARG001 -- Redis has it from its start on
    """Run Acme's bridge with two workers on it."""
    async with running(workers=2) as acme:
        yield acme


@pytest.mark.parametrize("hours", [2, -1])
async def test_redis_jumps_while_cards_are_posted_and_clicks_carried_out(
    bridge: Bridge, clock: Clock, hours: int
) -> None:
    """A post and an acknowledge are under way when it jumps: both are there once, and what follows comes at once."""
    bridge.trigger("before")
    card = await bridge.card("before")
    await settled(bridge)
    posting = bridge.slack.add_fault(Fault("chat.postMessage", delay=0.8, times=1))
    bridge.trigger("meanwhile")
    await until(lambda: posting.match_count > 0, "the post to be under way")
    click = await bridge.click("Alice", "Acknowledge", card)
    assert click.acked

    clock.put(hours * HOUR)

    bridge.trigger("afterwards")
    await bridge.card("afterwards")
    await bridge.card("meanwhile")
    await until(lambda: "Acknowledged by Alice Ng in Slack" in card.plain, "the acknowledge on the card")
    await settled(bridge)

    def cards() -> list[Message]:
        # Put forward, it also makes cards seem late, of which the channel is told: those words are no cards.
        return [each for each in bridge.channel.messages if "checkout-api" in each.plain]

    # A first card that lands although it was posted again is taken away within seconds.
    titles = ["before", "meanwhile", "afterwards"]
    await until(
        lambda: [1, 1, 1] == [sum(title in each.plain for each in cards()) for title in titles], "one card each"
    )
    said = [[reply.plain for reply in each.replies] for each in cards()]
    assert [1, 0, 0] == [len(lines) for lines in said], said
    assert 1 == len(bridge.effects())
    await until_so(lambda: _nothing_due(bridge), "the last resync for now")


async def _nothing_due(bridge: Bridge) -> bool:
    """Tell whether no worker is about to compare everything with PagerDuty again."""
    for worker, _ in bridge._workers:
        assert worker.built is not None
        scheduler = worker.built.read_path.scheduler
        progress = (await scheduler.resync_states.load(GLOBAL)).value
        if any(scheduler._due(progress, await scheduler.clock.now_ms())):
            return False
    return True


@pytest.mark.parametrize("what", ["card", "line"])
async def test_what_was_posted_is_found_by_a_store_that_is_ahead(bridge: Bridge, clock: Clock, what: str) -> None:
    """Slack's answer is lost while Redis is hours ahead of Slack: the message is found, and there once."""
    incident = bridge.trigger("before")
    card = await bridge.card("before")
    clock.put(2 * HOUR)
    await settled(bridge)
    lost = bridge.slack.add_fault(Fault("chat.postMessage", drop=True, after_effect=True, times=1))

    if what == "card":
        bridge.trigger("afterwards")
    else:
        bridge.pagerduty.web("PBOB1").add_note(incident.id, "Looking")
    await until(lambda: lost.match_count > 0, "the answer to be lost")
    await settled(bridge)

    cards, lines = (1, 0) if what == "card" else (0, 1)
    assert cards == sum("afterwards" in each.plain for each in bridge.channel.messages)
    assert lines == len(card.replies)
    posts = [str(call.arguments["text"]) for call in bridge.slack.calls_to("chat.postMessage")]
    assert cards + lines == sum("afterwards" in text or "Looking" in text for text in posts)
