"""Posting, changing and removing messages, and each way to be refused."""

import time
from collections.abc import Awaitable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import Sample, section

METADATA = {"event_type": "incident", "event_payload": {"key": "card:Q1", "v": 1}}


async def refused(call: Awaitable[object]) -> str:
    """Return the error with which a call is refused."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_posted_message_fields(client: AsyncWebClient, channel: Channel) -> None:
    """Text, metadata and unfurl flags are kept; the name is the time, and nobody's is the same."""
    posted = [
        await client.chat_postMessage(channel=channel.id, text=text, metadata=METADATA, unfurl_media=False)
        for text in ("one", "two")
    ]

    one, two = channel.messages
    assert [one.ts, two.ts] == [answer["ts"] for answer in posted]
    assert one.ts < two.ts
    assert abs(time.time() - float(one.ts)) < 5
    assert (METADATA, None, False) == (one.metadata, one.unfurl_links, one.unfurl_media)
    assert METADATA == posted[0]["message"]["metadata"]


async def test_post_by_channel_name(client: AsyncWebClient, channel: Channel) -> None:
    """chat.postMessage takes a name, with or without #, and answers with the id."""
    assert channel.id == (await client.chat_postMessage(channel="#incidents", text="hi"))["channel"]


async def test_reply_is_in_thread(client: AsyncWebClient, channel: Channel) -> None:
    """A reply is no message of the channel, unless it is broadcast to it."""
    parent = (await client.chat_postMessage(channel=channel.id, text="card"))["ts"]
    await client.chat_postMessage(channel=channel.id, text="line", thread_ts=parent)
    await client.chat_postMessage(channel=channel.id, text="loud", thread_ts=parent, reply_broadcast=True)

    (card,) = channel.messages
    assert ["line", "loud"] == [reply.text for reply in card.replies]
    history = await client.conversations_history(channel=channel.id)
    assert ["loud", "card"] == [message["text"] for message in history["messages"]]
    assert (2, card.replies[-1].ts) == (history["messages"][1]["reply_count"], history["messages"][1]["latest_reply"])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"text": " \n"}, "no_text"),
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "C0SECRET"}, "channel_not_found"),
        ({"channel": "C0APART"}, "not_in_channel"),
        ({"channel": "C0OLD"}, "is_archived"),
        ({"thread_ts": "1700000000.000100"}, "cannot_reply_to_message"),
        ({"blocks": "{"}, "invalid_blocks_format"),
        ({"blocks": "{}"}, "invalid_blocks_format"),
        ({"blocks": [{"type": "poem"}]}, "invalid_blocks"),
        ({"blocks": [section("x" * 3000) for _ in range(5)]}, "msg_blocks_too_long"),
        ({"attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
        ({"markdown_text": "**hi**"}, "markdown_text_conflict"),
        ({"metadata": "{"}, "invalid_metadata_format"),
        ({"metadata": [1]}, "invalid_metadata_format"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_schema"),
        ({"metadata": {"event_type": "x", "event_payload": {"a": None}}}, "invalid_metadata_schema"),
        ({"metadata": {"event_type": "x", "event_payload": {"a": "x" * 20_000}}}, "metadata_too_large"),
    ],
)
async def test_post_errors(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, sample: Sample, change: dict[str, Any], error: str
) -> None:
    """Each refusal has the error that the method's page lists, and posts nothing."""
    slack.add_channel("secret", id="C0SECRET", private=True, bot_member=False)
    slack.add_channel("apart", id="C0APART", bot_member=False)
    slack.add_channel("old", id="C0OLD", archived=True)

    assert error == await refused(
        client.api_call("chat.postMessage", json={"channel": channel.id, "text": "hi"} | change)
    )
    assert not any(list(each.all_messages()) for each in slack.channels.values())
    assert error in sample("api-ref/chat.postMessage.json")["errors"]


async def test_chat_write_public_scope(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """With chat:write.public the bot posts where it is not a member."""
    slack.bot_scopes.add("chat:write.public")
    apart = slack.add_channel("apart", bot_member=False)

    await client.chat_postMessage(channel=apart.id, text="hi")

    assert 1 == len(apart.messages)


async def test_long_text_is_truncated(client: AsyncWebClient, channel: Channel) -> None:
    """chat.postMessage cuts after 40,000 characters."""
    await client.chat_postMessage(channel=channel.id, text="x" * 40_001)

    assert 40_000 == len(channel.messages[0].text)


async def test_update_keeps_metadata(client: AsyncWebClient, channel: Channel) -> None:
    """Text and blocks are new, metadata stays unless it is given; an empty object removes it."""
    ts = (await client.chat_postMessage(channel=channel.id, text="a", blocks=[section("a")], metadata=METADATA))["ts"]

    answer = await client.chat_update(channel=channel.id, ts=ts, text="b")
    (message,) = channel.messages
    kept = message.metadata
    await client.chat_update(channel=channel.id, ts=ts, text="c", metadata={})

    assert ("b", ts) == (answer["text"], answer["ts"])
    assert METADATA == kept
    assert message.metadata is None
    assert ("c", []) == (message.text, message.blocks)
    assert message.edited is not None
    assert ts < message.edited


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ts": "1700000000.000100"}, "message_not_found"),
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"text": ""}, "no_text"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"blocks": [{"type": "poem"}]}, "invalid_blocks"),
        ({"metadata": {"event_payload": {}}}, "invalid_metadata_schema"),
    ],
)
async def test_update_errors(
    client: AsyncWebClient, channel: Channel, sample: Sample, change: dict[str, Any], error: str
) -> None:
    """Each refusal has the error that the method's page lists, and changes nothing."""
    ts = (await client.chat_postMessage(channel=channel.id, text="a"))["ts"]

    body = {"channel": channel.id, "ts": ts, "text": "b"} | change
    assert error == await refused(client.api_call("chat.update", json=body))
    assert ["a"] == [message.text for message in channel.messages]
    assert error in sample("api-ref/chat.update.json")["errors"]


async def test_only_bot_messages_can_be_changed(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User
) -> None:
    """What a person wrote is theirs."""
    ts = slack.person(alice.id).post("my words", channel.id).ts

    assert "cant_update_message" == await refused(client.chat_update(channel=channel.id, ts=ts, text="b"))
    assert "cant_delete_message" == await refused(client.chat_delete(channel=channel.id, ts=ts))


async def test_archived_channel_errors(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """chat.update says is_inactive where chat.postMessage says is_archived."""
    ts = (await client.chat_postMessage(channel=channel.id, text="a"))["ts"]
    await slack.archive(channel.id)

    assert "is_inactive" == await refused(client.chat_update(channel=channel.id, ts=ts, text="b"))


async def test_reply_to_a_deleted_message(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """It is refused or, as several users report, lands in the channel, which only the answer shows."""
    ts = (await client.chat_postMessage(channel=channel.id, text="root"))["ts"]
    reply = (await client.chat_postMessage(channel=channel.id, text="reply", thread_ts=ts))["message"]
    assert ts == reply["thread_ts"]
    await client.chat_delete(channel=channel.id, ts=reply["ts"])
    await client.chat_delete(channel=channel.id, ts=ts)
    late = {"channel": channel.id, "text": "late", "thread_ts": ts}
    assert "cannot_reply_to_message" == await refused(client.chat_postMessage(**late))

    slack.unthreads_orphans = True
    answer = await client.chat_postMessage(**late)

    assert "thread_ts" not in answer["message"]
    assert ["late"] == [message.text for message in channel.messages]


async def test_edit_window_closed(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """After the window a message stays as it is."""
    ts = (await client.chat_postMessage(channel=channel.id, text="a"))["ts"]
    slack.edit_window = 0

    assert "edit_window_closed" == await refused(client.chat_update(channel=channel.id, ts=ts, text="b"))


async def test_deleted_message_is_not_found(client: AsyncWebClient, channel: Channel) -> None:
    """It can neither be changed nor deleted again."""
    ts = (await client.chat_postMessage(channel=channel.id, text="a"))["ts"]

    await client.chat_delete(channel=channel.id, ts=ts)

    assert not channel.messages
    assert "message_not_found" == await refused(client.chat_delete(channel=channel.id, ts=ts))
    assert "message_not_found" == await refused(client.chat_update(channel=channel.id, ts=ts, text="b"))


async def test_deleted_parent_becomes_tombstone(client: AsyncWebClient, channel: Channel) -> None:
    """A thread can still be read; a deleted reply is gone."""
    ts = (await client.chat_postMessage(channel=channel.id, text="a"))["ts"]
    replies = [(await client.chat_postMessage(channel=channel.id, text=t, thread_ts=ts))["ts"] for t in "bc"]

    await client.chat_delete(channel=channel.id, ts=ts)
    await client.chat_delete(channel=channel.id, ts=replies[0])

    thread = (await client.conversations_replies(channel=channel.id, ts=ts))["messages"]
    assert [("tombstone", "This message was deleted."), (None, "c")] == [(m.get("subtype"), m["text"]) for m in thread]
    assert "message_not_found" == await refused(client.chat_update(channel=channel.id, ts=ts, text="b"))


async def test_permalinks(client: AsyncWebClient, channel: Channel) -> None:
    """A message has an address; that of a reply names its thread."""
    ts = (await client.chat_postMessage(channel=channel.id, text="a"))["ts"]
    reply = (await client.chat_postMessage(channel=channel.id, text="b", thread_ts=ts))["ts"]

    link = (await client.chat_getPermalink(channel=channel.id, message_ts=ts))["permalink"]
    inner = (await client.chat_getPermalink(channel=channel.id, message_ts=reply))["permalink"]

    assert f"https://acme.slack.com/archives/{channel.id}/p{ts.replace('.', '')}" == link
    assert inner.endswith(f"?thread_ts={ts}&cid={channel.id}")
    missing = client.chat_getPermalink(channel=channel.id, message_ts="1.0")
    assert "message_not_found" == await refused(missing)


async def test_ephemeral_is_seen_by_one_user(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User
) -> None:
    """Nobody else sees it, history does not have it, and it is gone after a reload."""
    bob = slack.add_user("Bob Ray")
    channel.members.append(bob.id)

    answer = await client.chat_postEphemeral(channel=channel.id, user=alice.id, text="only you")

    (seen,) = slack.person(alice.id).private_messages
    assert (answer["message_ts"], "only you") == (seen.ts, seen.plain)
    assert [] == slack.person(bob.id).private_messages
    assert [] == (await client.conversations_history(channel=channel.id))["messages"]
    update = client.chat_update(channel=channel.id, ts=seen.ts, text="b")
    assert "message_not_found" == await refused(update)
    slack.person(alice.id).reload()
    assert [] == slack.person(alice.id).private_messages


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"user": "U0BOB"}, "user_not_in_channel"),
        ({"user": "U0NOBODY"}, "user_not_in_channel"),
        ({"user": "U0DANA"}, "user_not_in_channel"),
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "C0APART"}, "not_in_channel"),
        ({"channel": "C0OLD"}, "is_archived"),
        ({"text": ""}, "no_text"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"attachments": [{"blocks": []}]}, "invalid_attachments"),
        ({"blocks": [{"type": "poem"}]}, "invalid_blocks"),
    ],
)
async def test_ephemeral_errors(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, sample: Sample, change: dict[str, Any], error: str
) -> None:
    """Each refusal has the error that the method's page lists, and shows nothing."""
    slack.add_user("Bob Ray", id="U0BOB")
    channel.members.append(slack.add_user("Dana", id="U0DANA", deleted=True).id)
    slack.add_channel("apart", id="C0APART", members=["U0ALICE"], bot_member=False)
    slack.add_channel("old", id="C0OLD", members=["U0ALICE"], archived=True)

    body = {"channel": channel.id, "user": "U0ALICE", "text": "hi"} | change
    assert error == await refused(client.api_call("chat.postEphemeral", json=body))
    assert not slack.ephemerals
    assert error in sample("api-ref/chat.postEphemeral.json")["errors"]
