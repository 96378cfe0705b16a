"""Misbehaviour on demand: what the client gets, and what has happened all the same."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, Fault, SlackSandbox


async def post(client: AsyncWebClient, channel: Channel, patience: float = 5) -> str:
    """Post, and say how it ended for the client, who waits so many seconds."""
    try:
        async with asyncio.timeout(patience):
            await client.chat_postMessage(channel=channel.id, text="hello")
    except SlackApiError as error:
        data = error.response.data
        return f"{error.response.status_code} {data['error'] if isinstance(data, dict) else data}"
    except aiohttp.ClientResponseError as error:
        return f"{error.status}"
    except aiohttp.ClientError:
        return "dropped"
    except TimeoutError:
        return "no answer"
    return "posted"


METHOD = "chat.postMessage"


@pytest.mark.parametrize(
    ("fault", "ending", "messages"),
    [
        ({"error": "internal_error"}, "200 internal_error", 0),
        ({"error": "fatal_error", "http_status": 500}, "500 fatal_error", 0),
        ({"http_status": 503}, "503 upstream connect error or disconnect/reset before headers", 0),
        ({"http_status": 502, "body": "<html>Bad gateway</html>"}, "502 <html>Bad gateway</html>", 0),
        ({"http_status": 503, "after_effect": True, "body": "sorry"}, "503 sorry", 1),
        ({"retry_after": 30}, "429 ratelimited", 0),
        ({"error": "rate_limited", "retry_after": 1, "http_status": 200}, "200 rate_limited", 0),
        ({"drop": True}, "dropped", 0),
        ({"drop": True, "after_effect": True}, "dropped", 1),
        ({"hang": True}, "no answer", 0),
        ({"hang": True, "after_effect": True}, "no answer", 1),
        ({"delay": 0.01}, "posted", 1),
    ],
)
async def test_fault_endings(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, fault: dict[str, Any], ending: str, messages: int
) -> None:
    """The client gets exactly that, the log knows about the effect, and the next call is as usual."""
    slack.add_fault(Fault(METHOD, times=1, **fault))

    assert ending == await post(client, channel, 1 if "hang" in fault else 5)
    assert messages == len(channel.messages)
    (call,) = slack.calls_to(METHOD)
    assert bool(messages) is call.took_effect
    assert "posted" == await post(client, channel)


async def test_rate_limit_sends_retry_after(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """A 429 carries whole seconds."""
    slack.add_fault(Fault(METHOD, retry_after=29.1))

    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel.id, text="hello")

    assert "30" == caught.value.response.headers["Retry-After"]


async def test_effect_after_response(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """The client has been told of a failure when the message appears after all."""
    slack.add_fault(Fault(METHOD, http_status=504, body="late", effect_after=0.02, times=1))

    assert "504 late" == await post(client, channel)
    assert not channel.messages
    await channel.wait(lambda c: c.messages)
    assert slack.calls[0].took_effect


async def test_effect_after_client_timeout(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """A slow call is carried out even when nobody waits for it any more."""
    slack.add_fault(Fault(METHOD, delay=0.1, times=1))

    assert "no answer" == await post(client, channel, 0.02)
    assert not channel.messages
    await channel.wait(lambda c: c.messages)


async def test_fault_matches_method_and_channel(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """Other methods and channels are as usual; without a method all are concerned."""
    other = slack.add_channel("other")
    slack.add_fault(Fault(METHOD, channel=channel.id, error="is_archived"))

    assert "200 is_archived" == await post(client, channel)
    assert "posted" == await post(client, other)
    assert (await client.auth_test())["ok"]
    slack.add_fault(Fault(error="fatal_error"))
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.auth_test()


async def test_fault_ends_after_times_or_removal(slack: SlackSandbox, client: AsyncWebClient, channel: Channel) -> None:
    """It counts whom it has met."""
    twice = slack.add_fault(Fault(METHOD, error="internal_error", times=2))
    lasting = slack.add_fault(Fault(METHOD, error="fatal_error"))

    endings = [await post(client, channel) for _ in range(4)]
    lasting.remove()
    lasting.remove()

    assert ["200 internal_error"] * 2 + ["200 fatal_error"] * 2 == endings
    assert (2, 2) == (twice.match_count, lasting.match_count)
    assert "posted" == await post(client, channel)
    assert not slack.faults


def test_contradictory_fault_is_rejected() -> None:
    """A call that succeeds takes effect when it is carried out; anything else is a slip of the test."""
    with pytest.raises(ValueError, match="say how it fails"):
        Fault(METHOD, delay=1, after_effect=True)


async def test_shutdown_does_not_wait_for_hanging_calls(http: aiohttp.ClientSession) -> None:
    """Whatever is still to come is dropped when the simulator ends."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        async with SlackSandbox() as slack:
            slack.add_fault(Fault(hang=True, times=1))
            client = AsyncWebClient(slack.bot_token, slack.api_url, session=http, retry_handlers=[])
            hanging = group.create_task(post(client, slack.add_channel("incidents")))
            await slack.wait(lambda s: s.calls)
        assert await hanging in ("dropped", "no answer")
