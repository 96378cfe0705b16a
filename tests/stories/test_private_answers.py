"""Private answers: they find another way, break nothing when they are lost, and come also to what cannot be read."""

import pytest

from pagebridge_sandbox.slack import Fault
from tests.metric_samples import sample
from tests.stories.harness import Bridge, settled, until


@pytest.mark.parametrize(
    "fault",
    [
        Fault("response_url", http_status=500),
        Fault("response_url", http_status=404, error="expired_url"),
        Fault("response_url", drop=True),
    ],
    ids=["500", "expired", "dropped"],
)
async def test_an_answer_finds_another_way(bridge: Bridge, fault: Fault) -> None:
    """The address that came with the click does not work: Carol is told privately all the same."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(fault)

    await bridge.click("Carol", "Acknowledge")

    await bridge.told("Carol", "You can't acknowledge")
    assert 1 == len(bridge.private("Carol"))
    assert [] == bridge.private("Alice")


def direct(bridge: Bridge, name: str) -> list[str]:
    """List what somebody reads in their conversation with the app."""
    try:
        return [message.plain for message in bridge.slack.person(bridge.acme.people[name]).direct_messages.messages]
    except LookupError:
        return []


@pytest.mark.parametrize("error", ["user_not_in_channel", "channel_not_found", "is_archived", "not_in_channel"])
async def test_an_answer_that_the_channel_does_not_take_comes_directly(bridge: Bridge, error: str) -> None:
    """Neither way through the channel works: Carol reads it in her conversation with the app, and nobody else does."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(Fault("response_url", http_status=404, error="expired_url"))
    bridge.slack.add_fault(Fault("chat.postEphemeral", error=error))
    before = sample("pagebridge_replies_lost_total") or 0.0

    await bridge.click("Carol", "Acknowledge")

    await until(lambda: bool(direct(bridge, "Carol")), "the direct message")
    (message,) = direct(bridge, "Carol")
    assert "You can't acknowledge" in message
    assert 1 == len(bridge.channel.messages)
    assert before == (sample("pagebridge_replies_lost_total") or 0.0)


async def test_answers_that_are_lost_break_nothing(bridge: Bridge) -> None:
    """Carol cannot be told at all; Alice's acknowledge of the same incident, which comes after hers, is carried out."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(Fault("response_url", http_status=500))
    bridge.slack.add_fault(Fault("chat.postEphemeral", error="user_not_in_channel"))
    carol = bridge.acme.people["Carol"]
    bridge.slack.add_fault(Fault("chat.postMessage", channel=carol, error="messages_tab_disabled"))
    before = sample("pagebridge_replies_lost_total") or 0.0

    await bridge.click("Carol", "Acknowledge")
    await bridge.click("Alice", "Acknowledge")

    await bridge.card("Acknowledged by Alice Ng in Slack")
    await settled(bridge)
    assert [] == bridge.private("Carol")
    assert before < (sample("pagebridge_replies_lost_total") or 0.0)
    assert ["alice@example.com"] == [call.from_email for call in bridge.writes()]


@pytest.mark.parametrize("value", ["", "not an id", "{Q1}:x"])
async def test_a_button_that_cannot_be_read(bridge: Bridge, value: str) -> None:
    """The click is acked, and answered privately with a reference; nothing reaches PagerDuty."""
    button = {"type": "button", "action_id": "pagebridge:acknowledge", "text": {"type": "plain_text", "text": "Odd"}}
    row = {"type": "actions", "block_id": "odd", "elements": [button | {"value": value}]}
    bot = bridge.slack.users[bridge.slack.bot_user_id]
    odd = bridge.slack.post(bridge.channel, bot, text="An odd card", blocks=[row])

    click = await bridge.click("Alice", "Odd", odd)

    assert click.acked
    told = await bridge.told("Alice", "Nothing was done: the bridge couldn't read this button")
    assert "reference" in told
    assert [] == bridge.pagerduty.calls_to("*", "/incidents/*")


async def test_a_click_that_names_nobody(bridge: Bridge) -> None:
    """A payload of a shape that Slack does not document is acked and answered, and nothing is done with it."""
    bridge.trigger()
    await bridge.card("Triggered")
    click = await bridge.click("Carol", "Acknowledge")
    await bridge.told("Carol", "You can't acknowledge")
    click.payload["enterprise"] = "E0ACME"

    odd = await bridge.slack.redeliver(click)

    assert odd.acked
    await bridge.told("Carol", "Nothing was done: the bridge couldn't read this")
    assert [] == bridge.writes()
