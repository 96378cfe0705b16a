"""What goes wrong at Slack's end, and what is seen in the end: one card, one line, no click lost."""

import asyncio
from dataclasses import replace

import pytest

from pagebridge_sandbox.slack import Fault
from shared.model.ids import IncidentId
from tests.stories.harness import FAST, Bridge, running, settled, until


@pytest.mark.parametrize(
    "fault",
    [
        Fault("chat.postMessage", http_status=503, times=1),
        Fault("chat.postMessage", http_status=503, after_effect=True, times=1),
        Fault("chat.postMessage", drop=True, times=1),
        Fault("chat.postMessage", drop=True, after_effect=True, times=1),
        Fault("chat.postMessage", hang=True, effect_after=1.2, times=1),
        Fault("chat.postMessage", retry_after=1, times=1),
        Fault("chat.postMessage", error="internal_error", times=1),
    ],
    ids=["503", "503 after", "dropped", "dropped after", "late effect", "429", "internal_error"],
)
async def test_one_card_however_the_first_post_fails(bridge: Bridge, fault: Fault) -> None:
    """Whether the failing post took effect or not, there is one card and one line in the end."""
    bridge.slack.add_fault(fault)
    bridge.trigger()

    await bridge.card("Triggered")
    await settled(bridge)

    assert 1 == len(bridge.channel.messages)
    assert [] == bridge.channel.messages[0].replies


@pytest.mark.parametrize(
    "metadata",
    [None, {"event_type": "pagebridge", "event_payload": {"key": 7}}, {"event_type": "other", "event_payload": {}}],
)
async def test_a_card_whose_metadata_are_spoilt_stays_one(bridge: Bridge, metadata: dict[str, object] | None) -> None:
    """Its post took effect, the answer was lost, and what is looked for stands in the ids of its blocks as well."""
    bridge.slack.add_fault(Fault("chat.postMessage", drop=True, after_effect=True, times=1))
    bridge.trigger()
    card = await bridge.card("Triggered")
    card.metadata = metadata

    await settled(bridge)

    assert [card] == bridge.channel.messages


async def test_a_card_does_not_wait_for_what_a_failed_post_may_still_do() -> None:
    """Slack answers the first two posts with 503: the third is made long before those can land no more."""
    slow = replace(FAST, call_max=600.0)
    async with running(durations=slow) as bridge:
        bridge.slack.add_fault(Fault("chat.postMessage", http_status=503, times=2))
        bridge.trigger()

        await bridge.card("Triggered")

        assert 3 == len(bridge.slack.calls_to("chat.postMessage"))


async def test_a_card_that_lands_after_all_is_deleted_as_the_second_one(bridge: Bridge) -> None:
    """The first post hangs until it was given up, and lands beside the card that was posted meanwhile."""
    fault = Fault("chat.postMessage", hang=True, effect_after=FAST.slack_timeout + 0.5, times=1)
    bridge.slack.add_fault(fault)
    incident = bridge.trigger()
    card = await bridge.card("Triggered")
    await bridge.channel.wait(lambda c: len(c.messages) == 2)
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    await bridge.channel.wait(lambda c: c.messages == [card])
    await bridge.card("Acknowledged")
    await bridge.lines(1)
    await settled(bridge)
    assert [card] == bridge.channel.messages
    assert 1 == len(card.replies)


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_card_whose_blocks_slack_does_not_take_is_shown_in_words(bridge: Bridge, method: str) -> None:
    """It says at once what it is about, without its buttons; it is whole again when Slack takes them."""
    bridge.slack.add_fault(Fault(method, error="invalid_blocks", times=1))

    bridge.trigger()
    await bridge.card("[Resolve]")
    await bridge.resolve("Alice")
    await bridge.card("Resolved by Alice Ng in Slack")
    await settled(bridge)

    [refused, instead, *_] = bridge.slack.calls_to(method)
    assert refused.arguments["text"] == instead.arguments["text"]
    assert "#1 Checkout latency over 2s" in str(instead.arguments["text"])
    assert not instead.arguments.get("blocks")
    assert 1 == len(bridge.channel.messages)
    assert "[Add note]" in bridge.channel.messages[0].plain


@pytest.mark.parametrize(
    "fault",
    [
        Fault("chat.postMessage", drop=True, after_effect=True, times=1),
        Fault("chat.postMessage", http_status=502, times=1),
    ],
    ids=["dropped after", "502"],
)
async def test_one_line_however_its_post_fails(bridge: Bridge, fault: Fault) -> None:
    """The line of a transition is in the thread once."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(fault)

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await bridge.lines(1)
    await settled(bridge)

    assert 1 == len(bridge.channel.messages[0].replies)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("chat.update", http_status=503, times=2),
        Fault("chat.update", drop=True, after_effect=True, times=1),
        Fault("chat.update", retry_after=1, times=1),
    ],
    ids=["503", "dropped after", "429"],
)
async def test_the_card_is_right_in_the_end_however_its_update_fails(bridge: Bridge, fault: Fault) -> None:
    """An update that was lost does not leave a wrong card behind."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(fault)

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await bridge.lines(2)
    await settled(bridge)

    assert "Resolved by Bob Ng" in bridge.channel.messages[0].plain


async def test_an_update_that_lands_after_a_newer_one_is_repaired(bridge: Bridge) -> None:
    """Slack carries out an update that had timed out, over the newer one: the card is written once more."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(Fault("chat.update", hang=True, effect_after=1.2, times=1))

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await until(lambda: bool(bridge.slack.calls_to("chat.update")), "the update that hangs")
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await bridge.card("Resolved")
    await until(lambda: bridge.slack.calls_to("chat.update")[0].took_effect, "its late effect")
    await settled(bridge)

    assert "Resolved by Bob Ng" in bridge.channel.messages[0].plain


async def test_what_may_still_be_overwritten_is_not_written_at_each_pass(bridge: Bridge) -> None:
    """An update timed out and may land late: one more at once, one when that is over, none for each note."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    before = len(bridge.slack.calls_to("chat.update"))
    bridge.slack.add_fault(Fault("chat.update", http_status=503, times=1))
    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)
    await bridge.card("Acknowledged")

    for n in range(4):
        bridge.pagerduty.web("PBOB1").add_note(incident.id, f"Looked at shard {n}")
        await bridge.lines(2 + n)
    await settled(bridge)

    assert "Acknowledged by Bob Ng" in bridge.channel.messages[0].plain
    assert 3 == len(bridge.slack.calls_to("chat.update")) - before


async def test_a_deleted_card_comes_back(bridge: Bridge) -> None:
    """Somebody deleted the message: with the next change there is a card again."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.channel.remove(bridge.channel.messages[0])

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    await bridge.card("Acknowledged")


@pytest.mark.parametrize("unthreads", [False, True], ids=["refused", "into the channel"])
async def test_a_line_below_a_deleted_card_brings_the_card_back(bridge: Bridge, *, unthreads: bool) -> None:
    """Somebody deletes card and thread: whatever Slack does with the next line, it stands below a new card."""
    incident = bridge.trigger()
    await bridge.card()
    await settled(bridge)
    remove_with_replies(bridge)
    bridge.slack.unthreads_orphans = unthreads

    bridge.pagerduty.web("PBOB1").add_note(incident.id, "Looked at shard 3")

    await until(lambda: "Looked at shard 3" in str([m.replies for m in bridge.channel.messages]), "the line")
    await settled(bridge)
    [card] = bridge.channel.messages
    assert "[Acknowledge]" in card.plain
    assert ["Looked at shard 3"] == [line.plain.splitlines()[-1].strip("> ") for line in card.replies]


def remove_with_replies(bridge: Bridge) -> None:
    """Delete the card and its whole thread, so that nothing is left in its place."""
    card = bridge.channel.messages[0]
    for message in (*card.replies, card):
        bridge.channel.remove(message)


async def test_an_archived_channel_sends_the_card_to_the_default_channel(bridge: Bridge) -> None:
    """The card says there why it is not where it belongs."""
    bridge.slack.add_channel("checkout", id="C0CHECKOUT", archived=True)
    bridge.route(service="checkout-api", channel="C0CHECKOUT")
    bridge.trigger()

    card = await bridge.card("Triggered")

    assert "can't post to" in card.plain


async def test_a_click_on_the_same_envelope_twice_is_one_command(bridge: Bridge) -> None:
    """Slack sends the same press under another envelope id: one write, one line."""
    bridge.trigger()
    await bridge.card("Triggered")
    click = await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged")

    again = await bridge.slack.redeliver(click)
    await settled(bridge)

    assert again.acked
    assert 1 == len(bridge.writes())
    assert [] == bridge.private("Alice")


async def test_no_click_is_lost_in_a_refresh(bridge: Bridge) -> None:
    """Slack renews one connection while people press buttons: every press is acked, and each has its effect."""
    bridge.trigger()
    await bridge.card("Triggered")

    async with asyncio.TaskGroup() as group:
        clicks = [group.create_task(bridge.click(name, "Acknowledge")) for name in ("Alice", "Bob", "Carol")]
        group.create_task(bridge.slack.socket.refresh(n=1))
        clicks += [group.create_task(bridge.click(name, "Acknowledge")) for name in ("Alice", "Bob", "Carol")]

    assert all(click.result().acked for click in clicks)
    await bridge.card("Acknowledged")
    assert 1 == len(bridge.effects())


async def test_a_dead_ticket_is_replaced(bridge: Bridge) -> None:
    """The handshake fails after a ticket was issued; the worker asks for another one and is back."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.socket.refuse_handshakes(3)
    bridge.slack.socket.cut()

    await bridge.slack.socket.wait_connected(2, timeout=20)

    click = await bridge.click("Alice", "Acknowledge")
    assert click.acked


async def test_a_second_channel_that_cannot_be_posted_to_holds_up_nothing(bridge: Bridge) -> None:
    """The app was never invited to the second channel: home has its card and its whole thread all the same."""
    bridge.slack.add_channel("duty", id="C0DUTY", archived=True)
    bridge.route(urgency="high", channels=["C0INCIDENTS", "C0DUTY"])
    incident = bridge.trigger()
    await bridge.card("Triggered")

    bridge.pagerduty.web("PBOB1").acknowledge(incident.id)

    await bridge.card("Acknowledged")
    assert 1 == len(await bridge.lines(1))


async def test_a_directory_that_hangs_does_not_hold_up_the_card(bridge: Bridge) -> None:
    """Whom to mention cannot be found out: the card comes with names alone."""
    bridge.slack.add_fault(Fault("users.lookupByEmail", hang=True))
    bridge.trigger()

    card = await bridge.card("Triggered")

    assert "Assigned to Alice Ng" in card.plain


async def test_what_a_fenced_off_worker_left_behind_is_repaired(bridge: Bridge) -> None:
    """A sleeper's last update landed late over the card: when it finds itself fenced off, the card is written again."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    await settled(bridge)
    card = bridge.channel.messages[0]
    card.text, card.blocks = "an older state", []
    built = bridge._workers[0][0].built
    assert built is not None

    await built.read_path.reconciler.fenced_off(IncidentId(incident.id))
    await built.store.dirty_queue.mark(IncidentId(incident.id))

    await bridge.card("Triggered")
