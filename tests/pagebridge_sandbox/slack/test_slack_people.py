"""What people can and cannot do."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, ElementPath, Message, SlackSandbox, User


@pytest.fixture
async def message(client: AsyncWebClient, channel: Channel, card: list[dict[str, Any]]) -> Message:
    """Post the card."""
    await client.chat_postMessage(channel=channel.id, text="Triggered", blocks=card)
    return channel.messages[0]


async def test_click_missing_button(slack: SlackSandbox, message: Message, alice: User) -> None:
    """The failure lists what can be clicked."""
    with pytest.raises(AssertionError, match=r"no 'Escalate' to click, only \['Acknowledge', 'Resolve', 'View'\]"):
        await slack.person(alice.id).click("Escalate", message)


async def test_press_by_where_it_stands(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User
) -> None:
    """As a browser does it: entries of a menu by their value; what has a dialog is pressed once that is confirmed."""
    plain = {name: {"type": "plain_text", "text": name.upper()} for name in ("title", "text", "confirm", "deny")}
    options = [{"text": {"type": "plain_text", "text": each.upper()}, "value": each} for each in ("a", "b")]
    menu = {"type": "overflow", "action_id": "menu", "options": options, "confirm": plain}
    blocks = [{"type": "actions", "block_id": "row", "elements": [menu]}]
    await client.chat_postMessage(channel=channel.id, text="x", blocks=blocks)
    (message,) = channel.messages
    person = slack.person(alice.id)

    asked = await person.press(ElementPath("row", "menu", "b"), message)
    assert asked.dialog is not None
    assert ("TITLE", ("CONFIRM", "DENY"), []) == (asked.dialog.title, asked.dialog.labels, slack.envelopes)
    pressed = await person.press(ElementPath("row", "menu", "b"), message, confirmed=True)
    assert "b" == pressed.payload["actions"][0]["selected_option"]["value"]
    with pytest.raises(AssertionError, match="nothing to click at row/menu"):
        await person.press(ElementPath("row", "menu", "c"), message)


async def test_menu_by_where_it_stands(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User
) -> None:
    """A person is chosen by their id in a menu on a message."""
    menu = {"type": "users_select", "action_id": "who", "placeholder": {"type": "plain_text", "text": "Who?"}}
    blocks = [{"type": "actions", "block_id": "row", "elements": [menu]}]
    await client.chat_postMessage(channel=channel.id, text="x", blocks=blocks)

    chosen = await slack.person(alice.id).put(ElementPath("row", "who"), alice.id, channel.messages[0])

    assert alice.id == chosen.payload["actions"][0]["selected_user"]


async def test_click_invisible_message(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, message: Message, alice: User
) -> None:
    """A deleted message cannot be clicked, nor a private one of somebody else or from before a reload."""
    await client.chat_postEphemeral(channel=channel.id, user=alice.id, text="x", blocks=message.blocks)
    (private,) = slack.person(alice.id).private_messages
    bob = slack.add_user("Bob Ray")
    await client.chat_delete(channel=channel.id, ts=message.ts)

    for person, gone in ((alice, message), (bob, private)):
        with pytest.raises(AssertionError, match="does not see this message"):
            await slack.person(person.id).click("Acknowledge", gone)
    slack.person(alice.id).reload()
    with pytest.raises(AssertionError, match="does not see this message"):
        await slack.person(alice.id).click("Acknowledge", private)


async def test_deactivated_user_cannot_act(slack: SlackSandbox, message: Message, alice: User) -> None:
    """Their Slack is closed."""
    alice.deleted = True
    person = slack.person(alice.id)

    with pytest.raises(AssertionError, match="Alice Ng is deactivated"):
        await person.click("Acknowledge", message)
    with pytest.raises(AssertionError, match="Alice Ng is deactivated"):
        await person.type_command("/pd help", message.channel_id)
    with pytest.raises(AssertionError, match="Alice Ng is deactivated"):
        person.post("hi", message.channel_id)


async def test_channel_visibility(slack: SlackSandbox, channel: Channel, message: Message) -> None:
    """Members of the workspace see every public channel; guests and outsiders only those that they are in."""
    bob = slack.add_user("Bob Ray")
    assert "dispatch_failed" == (await slack.person(bob.id).click("Acknowledge", message)).failure

    for stranger in (slack.add_user("Gus", guest="multi"), slack.add_user("Olga", team_id="T0OTHER")):
        with pytest.raises(AssertionError, match="is not in #incidents"):
            await slack.person(stranger.id).click("Acknowledge", message)
        channel.members.append(stranger.id)
        assert "dispatch_failed" == (await slack.person(stranger.id).click("Acknowledge", message)).failure
    channel.private = True
    with pytest.raises(AssertionError, match="is not in #incidents"):
        await slack.person(bob.id).click("Acknowledge", message)


async def test_slack_connect_user_can_click_but_not_run_commands(slack: SlackSandbox, message: Message) -> None:
    """Slack Connect lets the other organisation press buttons; the payload names their team and ours."""
    olga = slack.add_user("Olga", team_id="T0OTHER")
    slack.channels[message.channel_id].members.append(olga.id)

    click = await slack.person(olga.id).click("Acknowledge", message)

    assert ("T0OTHER", "T0ACME") == (click.payload["user"]["team_id"], click.payload["team"]["id"])
    with pytest.raises(AssertionError, match="of another organisation"):
        await slack.person(olga.id).type_command("/pd help", message.channel_id)


async def test_unknown_command(slack: SlackSandbox, channel: Channel, alice: User) -> None:
    """Only commands of the manifest can be typed."""
    with pytest.raises(AssertionError, match=r"/pagerduty is not a valid command; there are \['/pd'\]"):
        await slack.person(alice.id).type_command("/pagerduty help", channel.id)


async def test_redeliver_without_envelope(slack: SlackSandbox, message: Message, alice: User) -> None:
    """A dialog that was only looked at sent nothing."""
    looking = await slack.person(alice.id).click("Resolve", message)

    with pytest.raises(AssertionError, match="nothing was sent"):
        await slack.redeliver(looking)


async def test_user_posts_message(slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User) -> None:
    """What they write stands in the channel and in threads, in their name."""
    first = slack.person(alice.id).post("hi", channel.id)
    slack.person(alice.id).post("there", channel.id, thread_ts=first.ts)

    (shown,) = (await client.conversations_history(channel=channel.id))["messages"]
    assert (alice.id, "hi", 1) == (shown["user"], shown["text"], shown["reply_count"])
    assert "bot_id" not in shown
