"""Private answers: they find another way, break nothing when they are lost, and come also to what cannot be read."""

import pytest
from prometheus_client import REGISTRY

from pagebridge_sandbox.slack import Fault
from tests.stories.harness import Bridge, settled


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


async def test_answers_that_are_lost_break_nothing(bridge: Bridge) -> None:
    """Carol cannot be told at all; Alice's acknowledge of the same incident, which comes after hers, is carried out."""
    bridge.trigger()
    await bridge.card("Triggered")
    bridge.slack.add_fault(Fault("response_url", http_status=500))
    bridge.slack.add_fault(Fault("chat.postEphemeral", error="user_not_in_channel"))
    before = REGISTRY.get_sample_value("pagebridge_replies_lost_total") or 0.0

    await bridge.click("Carol", "Acknowledge")
    await bridge.click("Alice", "Acknowledge")

    await bridge.card("Acknowledged by Alice Ng in Slack")
    await settled(bridge)
    assert [] == bridge.private("Carol")
    assert before < (REGISTRY.get_sample_value("pagebridge_replies_lost_total") or 0.0)
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
