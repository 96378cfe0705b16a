"""Channels that an app makes and changes, and the marks it puts on messages."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from pagebridge_sandbox.slack.methods import METHODS
from tests.pagebridge_sandbox.slack.conftest import OF_PAGES, App, Sample

SCOPES = {
    "channels:manage", "groups:write", "pins:write", "reactions:write", "bookmarks:read", "bookmarks:write",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _scopes(slack: SlackSandbox) -> None:
    slack.bot_scopes |= SCOPES


async def refused(client: AsyncWebClient, method: str, **arguments: object) -> str:
    """Make a call that is refused, and return the error."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


async def test_incident_channel_lifecycle(slack: SlackSandbox, client: AsyncWebClient, app: App, alice: User) -> None:
    """It is made, described, filled with people, renamed and archived; the app is told of the end."""
    made = (await client.conversations_create(name="inc-12", is_private=True))["channel"]
    await client.conversations_setTopic(channel=made["id"], topic="Checkout is slow")
    await client.conversations_setPurpose(channel=made["id"], purpose="Incident 12")
    await client.conversations_invite(channel=made["id"], users=alice.id)
    await client.conversations_rename(channel=made["id"], name="inc-12-done")
    shown = (await client.conversations_info(channel=made["id"]))["channel"]
    await client.conversations_archive(channel=made["id"])

    channel = slack.channels[made["id"]]
    assert ("inc-12-done", True, True) == (channel.name, channel.private, channel.archived)
    assert (slack.bot_user_id, True) == (shown["topic"]["creator"], shown["topic"]["last_set"] > 0)
    assert ("Checkout is slow", "Incident 12") == (shown["topic"]["value"], shown["purpose"]["value"])
    assert [alice.id] == channel.members
    assert slack.bot_user_id == shown["creator"]
    await slack.wait(lambda _: app.payloads("event_callback"))
    assert "channel_archive" == app.payloads("event_callback")[0]["event"]["type"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("Inc 12", "invalid_name_specials"),
        ("--__", "invalid_name_punctuation"),
        ("incidents", "name_taken"),
    ],
)
async def test_channel_name_errors(client: AsyncWebClient, channel: Channel, name: str, error: str) -> None:
    """Each mistake in a name has its own error, for new channels as for others."""
    assert error == await refused(client, "conversations.create", name=name)
    assert error == await refused(client, "conversations.rename", channel=channel.id, name=name)


async def test_missing_argument_errors(client: AsyncWebClient, channel: Channel) -> None:
    """A name that is not given counts as an empty one."""
    ts = (await client.chat_postMessage(channel=channel.id, text="x"))["ts"]

    assert "invalid_name_required" == await refused(client, "conversations.create")
    assert "invalid_name_required" == await refused(client, "conversations.rename", channel=channel.id)
    assert "invalid_name" == await refused(client, "reactions.add", channel=channel.id, timestamp=ts)


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "no_user"),
        ("U0NOBODY", "user_not_found"),
        ("U0PDBRIDGE", "cant_invite_self"),
        ("U0GONE", "cant_invite"),
        ("U0BOB,U0ALICE", "already_in_channel"),
    ],
)
async def test_invite_errors(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, users: str, error: str
) -> None:
    """One who cannot come keeps out all of them."""
    slack.add_user("Gone", id="U0GONE", deleted=True)
    slack.add_user("Bob", id="U0BOB")

    assert error == await refused(client, "conversations.invite", channel=channel.id, users=users)
    assert "U0BOB" not in channel.members


async def test_forced_invite(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """Whoever can come comes, and for everybody else there is a reason; nobody can be forced alone."""
    bob = slack.add_user("Bob", id="U0BOB")
    wanted = f"U0NOBODY,{bob.id},{slack.bot_user_id}"

    with pytest.raises(SlackApiError) as caught:
        await client.conversations_invite(channel=channel.id, users=wanted)
    answer = await client.conversations_invite(channel=channel.id, users=wanted, force=True)

    reasons = [("U0NOBODY", False, "user_not_found"), (slack.bot_user_id, False, "cant_invite_self")]
    for told in (caught.value.response, answer):
        assert reasons == [(each["user"], each["ok"], each["error"]) for each in told["errors"]]
    assert bob.id in channel.members
    assert "user_not_found" == await refused(
        client, "conversations.invite", channel=channel.id, users="U0NOBODY", force=True
    )


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("conversations.setTopic", {"topic": "x"}),
        ("conversations.setPurpose", {"purpose": "x"}),
        ("conversations.rename", {"name": "x"}),
        ("conversations.archive", {}),
    ],
)
async def test_unmanageable_channels(
    slack: SlackSandbox,
    client: AsyncWebClient,
    channel: Channel,
    alice: User,
    method: str,
    arguments: dict[str, Any],
) -> None:
    """Archived ones, those without the bot, direct messages, and any without the scope."""
    channel.archived = True
    without = slack.add_channel("other", bot_member=False)
    places = [channel.id, without.id, slack.direct_channel(alice.id).id]
    errors = [await refused(client, method, channel=place, **arguments) for place in places]
    slack.bot_scopes -= SCOPES

    archived = "already_archived" if method == "conversations.archive" else "is_archived"
    assert [archived, "not_in_channel", "method_not_supported_for_channel_type"] == errors
    assert "missing_scope" == await refused(client, method, channel=without.id, **arguments)


async def test_scopes_depend_on_channel_type(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User
) -> None:
    """Managing private channels is not managing public ones; a narrow scope is enough for what it names."""
    bob = slack.add_user("Bob Ray")
    slack.bot_scopes -= {"channels:manage"}

    topic = {"channel": channel.id, "topic": "x"}
    assert "missing_scope" == await refused(client, "conversations.setTopic", **topic)
    slack.bot_scopes |= {"channels:write.topic", "channels:write.invites"}
    await client.conversations_setTopic(**topic)
    await client.conversations_invite(channel=channel.id, users=bob.id)
    assert "missing_scope" == await refused(client, "conversations.rename", channel=channel.id, name="x")
    assert {alice.id, bob.id} <= set(channel.members)


async def test_a_topic_is_told_to_the_channel(client: AsyncWebClient, channel: Channel) -> None:
    """Once for each change: setting it to what it is says nothing."""
    for topic in ("Triggered", "Triggered", "Acknowledged"):
        await client.conversations_setTopic(channel=channel.id, topic=topic)

    assert ["set the channel topic: Triggered", "set the channel topic: Acknowledged"] == [
        message.plain for message in channel.messages if message.subtype == "channel_topic"
    ]


async def test_a_bot_archives_and_cannot_unarchive(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """It is out of the channel then; where Slack lets it in again, it is a member."""
    made = (await client.conversations_create(name="inc-12"))["channel"]["id"]
    assert "not_archived" == await refused(client, "conversations.unarchive", channel=made)
    await client.conversations_archive(channel=made)

    assert [] == (await client.users_conversations())["channels"]
    assert "not_in_channel" == await refused(client, "conversations.unarchive", channel=made)
    slack.bots_unarchive = True
    await client.conversations_unarchive(channel=made)
    assert [made] == [each["id"] for each in (await client.users_conversations())["channels"]]
    slack.bot_scopes -= {"channels:manage"}
    assert "missing_scope" == await refused(client, "conversations.unarchive", channel=made)


async def test_bookmarks_are_listed(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """With what they are called and where they lead; a private channel's only to its members."""
    link = {"title": "Incident", "type": "link", "link": "https://acme.pagerduty.com/incidents/Q1"}
    await client.bookmarks_add(channel_id=channel.id, **link)
    secret = slack.add_channel("secret", private=True, bot_member=False)

    (shown,) = (await client.bookmarks_list(channel_id=channel.id))["bookmarks"]
    assert link == {name: shown[name] for name in link}
    assert "channel_not_found" == await refused(client, "bookmarks.list", channel_id=secret.id)


async def test_a_topic_is_kept_as_markup(client: AsyncWebClient, channel: Channel) -> None:
    """It is escaped, and addresses become links; written again as it is read, it stays the same."""
    words = "R&D | ask ops@example.com | https://run.example.com | <@U0ALICE>"
    kept = "R&amp;D | ask <mailto:ops@example.com|ops@example.com> | <https://run.example.com> | <@U0ALICE>"

    for topic in (words, kept):
        answer = await client.conversations_setTopic(channel=channel.id, topic=topic)
        assert kept == answer["channel"]["topic"]["value"]


async def test_topic_length_limit(client: AsyncWebClient, channel: Channel) -> None:
    """A topic has at most 250 characters."""
    assert "too_long" == await refused(client, "conversations.setTopic", channel=channel.id, topic="x" * 251)


async def test_pins_and_reactions(client: AsyncWebClient, channel: Channel, alice: User) -> None:
    """A message is pinned and reacted to once; both are seen in history."""
    ts = (await client.chat_postMessage(channel=channel.id, text="x"))["ts"]
    await client.pins_add(channel=channel.id, timestamp=ts)
    await client.reactions_add(channel=channel.id, timestamp=ts, name="eyes")

    (shown,) = (await client.conversations_history(channel=channel.id))["messages"]
    assert [channel.id] == shown["pinned_to"]
    assert ["eyes"] == [reaction["name"] for reaction in shown["reactions"]]
    where = {"channel": channel.id, "timestamp": ts}
    assert "already_pinned" == await refused(client, "pins.add", **where)
    assert "already_reacted" == await refused(client, "reactions.add", **where, name="eyes")
    assert "invalid_name" == await refused(client, "reactions.add", **where, name="two eyes")
    assert "message_not_found" == await refused(client, "pins.add", channel=channel.id, timestamp="1.0")
    assert "bad_timestamp" == await refused(client, "pins.add", channel=channel.id, timestamp="now")
    assert "no_item_specified" == await refused(client, "pins.add", channel=channel.id)
    channel.archived = True
    assert "is_archived" == await refused(client, "reactions.add", **where, name="wave")
    assert alice.id in channel.members


def test_method_scopes_match_documentation(sample: Sample) -> None:
    """Any one of those that its page names is enough, and no other."""
    for name, method in METHODS.items():
        if name in OF_PAGES:
            assert OF_PAGES[name] == (f"t{method.tier}", set(method.scopes)), name
            continue
        documented = sample(f"api-ref/{name}.json").get("scope", {}).get("bot", [])
        if "bot" in method.tokens:
            assert set(documented) == set(method.scopes), name
