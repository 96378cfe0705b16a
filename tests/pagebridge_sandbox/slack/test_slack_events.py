"""Events about messages, and direct messages between the bot and one person."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import App, Sample


def received_events(app: App) -> list[dict[str, Any]]:
    """Return the events that the app has got."""
    return [payload["event"] for payload in app.payloads("event_callback")]


async def test_message_events(
    slack: SlackSandbox, client: AsyncWebClient, app: App, channel: Channel, alice: User
) -> None:
    """Everybody's messages, the app's own included, and what becomes of them."""
    slack.bot_events.add("message.channels")
    slack.person(alice.id).post("hi", channel.id)
    ts = (await client.chat_postMessage(channel=channel.id, text="one"))["ts"]
    await client.chat_update(channel=channel.id, ts=ts, text="two")
    await client.chat_delete(channel=channel.id, ts=ts)
    await slack.wait(lambda _: len(received_events(app)) == 4)

    written, posted, changed, deleted = received_events(app)
    assert ("hi", alice.id, "channel") == (written["text"], written["user"], written["channel_type"])
    assert ("one", slack.bot_id) == (posted["text"], posted["bot_id"])
    assert ("message_changed", "two") == (changed["subtype"], changed["message"]["text"])
    assert "one" == changed["previous_message"]["text"]
    assert ("message_deleted", ts) == (deleted["subtype"], deleted["deleted_ts"])
    assert len({str(event["event_ts"]) for event in received_events(app)}) == 4


async def test_message_events_need_subscription_and_membership(slack: SlackSandbox, app: App, alice: User) -> None:
    """Each kind of conversation has a subscription of its own, and the bot must be in it."""
    slack.bot_events |= {"message.groups", "message.im"}
    private = slack.add_channel("secret", private=True, members=[alice.id])
    public = slack.add_channel("open", members=[alice.id])
    without = slack.add_channel("other", private=True, members=[alice.id], bot_member=False)
    direct = slack.direct_channel(alice.id)
    for each in (public, without, private, direct):
        slack.person(alice.id).post("hi", each.id)
    await slack.wait(lambda _: len(received_events(app)) == 2)

    assert ["group", "im"] == [event["channel_type"] for event in received_events(app)]


async def test_app_mention_event(slack: SlackSandbox, app: App, channel: Channel, alice: User) -> None:
    """A message that names the bot is an event of its own."""
    slack.bot_events.add("app_mention")
    slack.person(alice.id).post("hello", channel.id)
    slack.person(alice.id).post(f"<@{slack.bot_user_id}> help", channel.id)
    await slack.wait(lambda _: received_events(app))

    assert ["app_mention"] == [event["type"] for event in received_events(app)]


async def test_conversations_open_and_post(
    slack: SlackSandbox, client: AsyncWebClient, alice: User, sample: Sample
) -> None:
    """It is opened once, by person; the bot may also post to the person's id."""
    slack.bot_scopes |= {"im:write", "im:history", "im:read"}

    opened = (await client.conversations_open(users=alice.id, return_im=True)).data
    again = (await client.conversations_open(users=alice.id)).data
    posted = await client.chat_postMessage(channel=alice.id, text="psst")

    assert isinstance(opened, dict)
    assert isinstance(again, dict)
    assert opened["channel"]["id"] == again["channel"]["id"] == posted["channel"]
    documented = sample("api-ref/conversations.open.json")["examples"]["success_with_return_im"]["example"]
    assert documented.keys() == again.keys()
    assert (True, alice.id) == (opened["channel"]["is_im"], opened["channel"]["user"])
    direct = slack.person(alice.id).direct_messages
    assert ["psst"] == [message.plain for message in direct.messages]
    assert slack.render_channel(direct.id).startswith("@Alice Ng")
    history = await client.conversations_history(channel=direct.id)
    assert ["psst"] == [message["text"] for message in history["messages"]]
    listed = await client.conversations_list(types="im")
    assert [direct.id] == [channel["id"] for channel in listed["channels"]]
    assert (await client.conversations_open(channel=direct.id))["already_open"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "users_list_not_supplied"),
        ({"users": "U0NOBODY"}, "user_not_found"),
        ({"users": "U0GONE"}, "user_disabled"),
        ({"users": ",".join("ABCDEFGHI")}, "too_many_users"),
        ({"users": "U0ALICE,U0GONE"}, "method_not_supported_for_channel_type"),
        ({"users": "U0ALICE", "prevent_creation": True}, "channel_not_found"),
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "C0INCIDENTS"}, "method_not_supported_for_channel_type"),
    ],
)
async def test_conversations_open_errors(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, arguments: dict[str, Any], error: str
) -> None:
    """Each mistake has its own error."""
    slack.bot_scopes.add("im:write")
    slack.add_user("Gone", id="U0GONE", deleted=True)

    with pytest.raises(SlackApiError) as caught:
        await client.api_call("conversations.open", json=arguments)

    assert (error, "C0INCIDENTS") == (caught.value.response["error"], channel.id)


async def test_direct_message_scopes(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """Opening one needs im:write, reading one im:history."""
    direct = slack.direct_channel(alice.id)

    with pytest.raises(SlackApiError) as opening:
        await client.conversations_open(users=alice.id)
    with pytest.raises(SlackApiError) as reading:
        await client.conversations_history(channel=direct.id)

    assert "missing_scope" == opening.value.response["error"]
    assert "im:history" == reading.value.response["needed"]


async def test_app_home_opened(slack: SlackSandbox, client: AsyncWebClient, app: App, alice: User) -> None:
    """Each time a person comes to a tab is an event, which shows what the Home tab holds once it holds something."""
    person = slack.person(alice.id)
    person.open_app_home()
    await slack.wait(lambda _: len(received_events(app)) == 1)
    published = (await client.views_publish(user_id=alice.id, view={"type": "home", "blocks": []}))["view"]
    person.open_app_home()
    person.open_app_home("messages")
    await slack.wait(lambda _: len(received_events(app)) == 3)

    first, again, messages = sorted(received_events(app), key=lambda event: event["event_ts"])
    assert {"type", "user", "channel", "tab", "event_ts"} == first.keys() == messages.keys()
    assert ("home", alice.id, person.direct_messages.id) == (first["tab"], first["user"], first["channel"])
    assert (published["id"], published["hash"]) == (again["view"]["id"], again["view"]["hash"])
    assert "messages" == messages["tab"]


async def test_tabs_that_are_off(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """Nobody opens a tab that the app does not have, and without its Messages tab it can't write to anybody."""
    slack.home_tab = slack.messages_tab = False
    for tab in ("home", "messages"):
        with pytest.raises(AssertionError, match=f"this app has no {tab} tab"):
            slack.person(alice.id).open_app_home(tab)
    with pytest.raises(SlackApiError, match="messages_tab_disabled"):
        await client.chat_postMessage(channel=alice.id, text="hello")
