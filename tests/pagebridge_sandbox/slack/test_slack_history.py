"""Finding messages again."""

import itertools

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox
from tests.pagebridge_sandbox.slack.conftest import Sample

METADATA = {"event_type": "incident", "event_payload": {"key": "card:Q1"}}


@pytest.fixture
async def posted(client: AsyncWebClient, channel: Channel) -> list[str]:
    """Post five messages, and return their timestamps."""
    return [(await client.chat_postMessage(channel=channel.id, text=word, metadata=METADATA))["ts"] for word in "abcde"]


async def words(client: AsyncWebClient, channel: Channel, **arguments: str | bool | int) -> str:
    """Return the texts on one page of history."""
    page = await client.api_call("conversations.history", params={"channel": channel.id, **arguments})
    return "".join(message["text"] for message in page["messages"])


@pytest.mark.usefixtures("posted")
async def test_history_is_newest_first(client: AsyncWebClient, channel: Channel) -> None:
    """Without more, history goes back from now."""
    assert "edcba" == await words(client, channel)


async def test_inclusive_includes_range_ends(client: AsyncWebClient, channel: Channel, posted: list[str]) -> None:
    """Oldest and latest are left out unless the call says otherwise."""
    span = {"oldest": posted[1], "latest": posted[3]}

    assert "c" == await words(client, channel, **span)
    assert "dcb" == await words(client, channel, **span, inclusive=True)


@pytest.mark.usefixtures("posted")
async def test_history_pagination(client: AsyncWebClient, channel: Channel) -> None:
    """The official client reads on from the cursor; nothing comes twice, even if something is posted meanwhile."""
    pages = []
    async for page in await client.conversations_history(channel=channel.id, limit=2):
        pages.append("".join(message["text"] for message in page["messages"]))
        await client.chat_postMessage(channel=channel.id, text="f")

    assert ["ed", "cb", "a"] == pages


async def test_oldest_only_pages_forward(client: AsyncWebClient, channel: Channel, posted: list[str]) -> None:
    """The page nearest to `oldest` comes first, its newest message first."""
    page = await client.conversations_history(channel=channel.id, oldest=posted[0], limit=3)
    assert "dcb" == "".join(message["text"] for message in page["messages"])

    cursor = page["response_metadata"]["next_cursor"]
    assert "e" == await words(client, channel, oldest=posted[0], limit=3, cursor=cursor)


@pytest.mark.usefixtures("posted")
async def test_include_all_metadata(client: AsyncWebClient, channel: Channel) -> None:
    """Without include_all_metadata there is none."""
    without = await client.conversations_history(channel=channel.id)
    with_it = await client.conversations_history(channel=channel.id, include_all_metadata=True)

    assert not any("metadata" in message for message in without["messages"])
    assert [METADATA] * 5 == [message["metadata"] for message in with_it["messages"]]


async def test_replies_start_with_parent(client: AsyncWebClient, channel: Channel, posted: list[str]) -> None:
    """Any message of a thread leads to it; pages go forward; the parent is there whatever the span."""
    for word in "xyz":
        await client.chat_postMessage(channel=channel.id, text=word, thread_ts=posted[0])
    inner = channel.messages[0].replies[1].ts

    reading = await client.conversations_replies(channel=channel.id, ts=inner, limit=2)
    pages = [[message["text"] for message in page["messages"]] async for page in reading]
    late = await client.conversations_replies(channel=channel.id, ts=posted[0], oldest=inner)

    assert [["a", "x"], ["y", "z"]] == pages
    assert ["a", "z"] == [message["text"] for message in late["messages"]]
    assert posted[0] == late["messages"][1]["thread_ts"]
    assert "parent_user_id" in late["messages"][1]


async def test_replies_of_single_message(client: AsyncWebClient, channel: Channel, posted: list[str]) -> None:
    """Then the thread is just that message."""
    assert 1 == len((await client.conversations_replies(channel=channel.id, ts=posted[2]))["messages"])


async def test_history_lag() -> None:
    """A message that was posted this moment need not be found yet."""
    time = itertools.count(1_700_000_000)
    async with SlackSandbox(enforce_rate_limits=False, now=lambda: float(next(time))) as slack:
        slack.history_lag = 60
        channel = slack.add_channel("incidents")
        client = AsyncWebClient(slack.bot_token, slack.api_url)
        await client.chat_postMessage(channel=channel.id, text="a")

        assert "" == await words(client, channel)
        slack.history_lag = 0.5
        assert "a" == await words(client, channel)


@pytest.mark.parametrize(
    ("method", "change", "error"),
    [
        ("conversations.history", {"channel": "C0NOWHERE"}, "channel_not_found"),
        ("conversations.history", {"channel": "C0SECRET"}, "channel_not_found"),
        ("conversations.history", {"channel": "C0APART"}, "not_in_channel"),
        ("conversations.history", {"oldest": "yesterday"}, "invalid_ts_oldest"),
        ("conversations.history", {"latest": "soon"}, "invalid_ts_latest"),
        ("conversations.history", {"cursor": "bm90IG91cnM="}, "invalid_cursor"),
        ("conversations.history", {"cursor": "?"}, "invalid_cursor"),
        ("conversations.replies", {"channel": "C0APART"}, "channel_not_found"),
        ("conversations.replies", {"ts": "1700000000.000100"}, "thread_not_found"),
        ("conversations.replies", {"oldest": "yesterday"}, "invalid_ts_oldest"),
        ("conversations.replies", {"cursor": "?"}, "invalid_cursor"),
    ],
)
async def test_read_errors(
    slack: SlackSandbox, client: AsyncWebClient, posted: list[str], sample: Sample, method: str,
    change: dict[str, str], error: str,
) -> None:  # fmt: skip
    """Each refusal has the error that the method's page lists."""
    slack.add_channel("secret", id="C0SECRET", private=True, bot_member=False)
    slack.add_channel("apart", id="C0APART", bot_member=False)

    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, http_verb="GET", params={"channel": "C0INCIDENTS", "ts": posted[0]} | change)

    assert error == caught.value.response["error"]
    assert error in sample(f"api-ref/{method}.json")["errors"]


async def test_scope_depends_on_channel_type(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """A private channel needs groups:history."""
    secret = slack.add_channel("secret", private=True)
    slack.bot_scopes -= {"groups:history"}

    with pytest.raises(SlackApiError) as caught:
        await client.conversations_history(channel=secret.id)

    assert ("missing_scope", "groups:history") == (caught.value.response["error"], caught.value.response["needed"])
