"""Redis loses everything: cards and lines are found again in Slack, nothing is doubled, nothing old is told again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.slack import Fault, Message
from shared.store import keys
from shared.store.redis import connect
from tests.stories.harness import Bridge, running, settled, until
from tests.stories.test_resync import LOOKING, looked, looking, shown


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run the bridge with a worker that compares all the time."""
    async with looking() as bridge:
        yield bridge


async def lose_all_data(bridge: Bridge) -> None:
    """Empty Redis while everything runs."""
    redis = connect(bridge.valkey.url)
    await redis.flushall()
    await redis.aclose()


def plain(card: Message) -> list[str]:
    """List what the thread of a card says."""
    return [reply.plain for reply in card.replies]


async def busy(bridge: Bridge) -> tuple[str, Message]:
    """Let an incident have a card with two lines, one of an act from Slack and one of a note."""
    incident, card = await shown(bridge)
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged by Alice Ng in Slack")
    bridge.pagerduty.web("PALICE1").add_note(incident, "It is the cache")
    await bridge.lines(2)
    await settled(bridge)
    return incident, card


@pytest.mark.both_servers
async def test_nothing_is_doubled_or_told_again(bridge: Bridge) -> None:
    """After the loss the same card and lines stand there, as they were."""
    _, card = await busy(bridge)
    before = (card.plain, plain(card))

    await lose_all_data(bridge)
    await looked(bridge, 5)

    assert [card] == bridge.channel.messages
    assert before == (card.plain, plain(card))


async def test_old_buttons_work_and_the_thread_goes_on(bridge: Bridge) -> None:
    """Bob resolves by the card from before, and the thread has that line besides the old ones."""
    _, card = await busy(bridge)
    await lose_all_data(bridge)
    await looked(bridge)

    await bridge.resolve("Bob", card)

    await bridge.card("Resolved by Bob Ng in Slack")
    await until(lambda: len(card.replies) == 3, f"the new line below {plain(card)}")
    await looked(bridge, 4)
    assert [card] == bridge.channel.messages
    assert 3 == len(card.replies)
    assert "Bob Ng resolved it in Slack" in card.replies[2].plain


async def test_late_deliveries_of_old_changes_add_nothing(bridge: Bridge) -> None:
    """PagerDuty delivers everything once more after the loss."""
    _, card = await busy(bridge)
    before = (card.plain, plain(card))
    await lose_all_data(bridge)

    for event in dict.fromkeys(each.event_id for each in bridge.pagerduty.webhooks.log):
        bridge.pagerduty.webhooks.redeliver(event)
    await looked(bridge, 5)

    assert [card] == bridge.channel.messages
    assert before == (card.plain, plain(card))


async def test_a_change_during_the_loss_is_told(bridge: Bridge) -> None:
    """Bob resolves, the delivery is accepted, and then Redis is empty: the card still comes to say so."""
    incident, card = await busy(bridge)
    hold = bridge.pagerduty.webhooks.hold()
    bridge.pagerduty.web("PBOB1").resolve(incident)
    hold.held.clear()
    hold.release()
    await lose_all_data(bridge)

    await bridge.card("Resolved by Bob Ng")
    await looked(bridge, 2)
    assert [card] == bridge.channel.messages


async def test_an_incident_that_was_being_posted(bridge: Bridge) -> None:
    """The data is lost while a first card is on its way: one card in the end."""
    bridge.slack.add_fault(Fault("chat.postMessage", hang=True, effect_after=0.8, times=1))
    bridge.trigger()
    await until(lambda: bool(bridge.slack.calls_to("chat.postMessage")), "the post that hangs")

    await lose_all_data(bridge)

    await bridge.card("Triggered")
    await looked(bridge, 5)
    assert 1 == len(bridge.channel.messages)


async def test_a_worker_that_misses_its_last_write_before_it_knows_that_all_is_gone(bridge: Bridge) -> None:
    """The noted loss is older than the new data, so the messages in Slack are adopted once, and the thread goes on."""

    def adopted() -> float:
        return REGISTRY.get_sample_value("pagebridge_incidents_adopted_total", {"found": "card"}) or 0.0

    incident, card = await busy(bridge)
    before = adopted()
    redis = connect(bridge.valkey.url)
    seconds, micros = await redis.time()
    now_ms = int(seconds) * 1000 + int(micros) // 1000
    # In one step, so that no worker begins new data in between.
    await redis.eval("redis.call('FLUSHALL') redis.call('SET', KEYS[1], ARGV[1])", 1, keys.DOUBT, now_ms)
    await redis.aclose()
    await until(lambda: adopted() > before, "the look for what Slack shows")

    for number, note in enumerate(("It is the cache of the cache", "Cleared", "It is quick again"), 3):
        bridge.pagerduty.web("PALICE1").add_note(incident, note)
        await bridge.lines(number)
        await settled(bridge)

    assert before + 1 == adopted()
    assert [card] == bridge.channel.messages


async def test_a_second_incident_after_the_loss_is_new(bridge: Bridge) -> None:
    """What is opened afterwards gets its card and its line at once, next to the old one."""
    _, card = await busy(bridge)
    await lose_all_data(bridge)

    bridge.trigger("Another one")

    other = await bridge.card("Another one")
    await until(lambda: len(other.replies) == 0, "its line")
    await looked(bridge, 4)
    assert [card, other] == bridge.channel.messages


@asynccontextmanager
async def later() -> AsyncIterator[Bridge]:
    """Prepare a bridge whose first worker starts only when incidents are open already, unheard."""
    async with running(workers=0) as bridge:
        yield bridge


async def test_a_first_start_is_silent() -> None:
    """What was open before the bridge came gets no card, until something happens to it."""
    async with later() as bridge:
        bridge.pagerduty.webhooks.lose_next(2)
        first, second = bridge.trigger("first"), bridge.trigger("second")
        await asyncio.sleep(1.1)  # the store's birth is cut to the second, as PagerDuty's times are
        await bridge.start_worker(LOOKING)
        await looked(bridge, 5)
        assert [] == bridge.channel.messages

        bridge.pagerduty.web("PBOB1").acknowledge(second.id)

        card = await bridge.card("second")
        await until(lambda: len(card.replies) == 0, "its line")
        await looked(bridge, 2)
        assert [card] == bridge.channel.messages
        assert "Bob Ng acknowledged it" in card.replies[0].plain
        assert first.status == "triggered"


async def test_a_click_that_was_waiting_is_not_carried_out(bridge: Bridge) -> None:
    """PagerDuty does not answer, and meanwhile the data is lost: Alice is told that nothing was sent, and it is not."""
    _, card = await shown(bridge)
    fault = bridge.pagerduty.add_fault(PagerDutyFault("GET", "/incidents/*", status=503))
    await bridge.click("Alice", "Acknowledge", card)
    await bridge.told("Alice", "Your acknowledgement of incident #1 is")

    await lose_all_data(bridge)

    await bridge.told("Alice", "nothing was sent")
    fault.remove()
    await looked(bridge, 4)
    assert [] == bridge.effects()
    await bridge.click("Alice", "Acknowledge", card)
    await bridge.card("Acknowledged by Alice Ng in Slack")


async def test_a_dialog_from_before_the_loss_is_not_carried_out(bridge: Bridge) -> None:
    """Nobody knows any more whether it was sent before: its text is given back, and one press sends it anew."""
    await shown(bridge)
    modal = await bridge.dialog("Alice", "Add note")
    modal.fill("Note", "It is the cache")
    await lose_all_data(bridge)

    await modal.submit()

    assert "It is the cache" in await bridge.told("Alice", "lost its data")
    assert [] == bridge.pagerduty.calls_to("POST", "/incidents/*/notes")
