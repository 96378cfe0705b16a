"""
The one door to Slack's Web API.

The official SDK does the talking, one request on the wire per call: whoever made a call decides whether it may be made
again. Nothing in here waits for a limit; it says how long to wait.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from prometheus_client import Counter
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from shared.calls import counted
from shared.clock import Durations
from shared.errors import CallError, NotFound, Refused, Unavailable, Uncertain
from shared.model.ids import ChannelId, MessageTs, SlackUserId
from shared.slack import answers
from shared.slack.answers import SlackIdentity, SlackPerson
from shared.slack.pacing import Pacing

__all__ = ["Slack", "SlackIdentity", "SlackPerson"]

CALLS = Counter("pagebridge_slack_calls", "Calls to Slack, by how they ended", ["method", "outcome"])

API_URL = "https://slack.com/api/"
RESPONSE_HOST = "https://hooks.slack.com"
RESPONSE_URL = "response_url"
"""How calls of a `response_url` are counted; it is no method of the Web API."""
PAGE = 200
"""Messages on one page of history, the number that Slack recommends."""
CLOCK_SKEW_MS = 60_000
"""How far our clock may be ahead of Slack's before a message of ours is looked for too late."""

Blocks = Sequence[Mapping[str, Any]]
Answer = tuple[dict[str, object], Mapping[str, str]]
"""The decoded body of a successful answer, and its headers."""
T = TypeVar("T")


class Slack:
    """
    Slack's Web API, for one bot token.

    Every method makes one request (those that read all pages: one per page) and raises only `CallError` or `Malformed`.
    `Unavailable` also when it is not yet time for another call of that kind; then nothing was sent. A call takes
    `timeout` seconds at most. Cancelling one leaves it open whether it took effect.

    Must be made in a running event loop. `web` is the SDK's client underneath, for what Bolt does by itself.
    """

    def __init__(
        self,
        token: str,
        base_url: str = API_URL,
        timeout: float = Durations.slack_timeout,
        now: Callable[[], float] = time.monotonic,
        pace: float = 1.0,
    ) -> None:
        # The SDK ignores its own time-out when it is given a session, so the session has to have it.
        limits = aiohttp.ClientTimeout(total=timeout, connect=timeout / 3)
        self._session = aiohttp.ClientSession(timeout=limits, trust_env=False)
        self.web = AsyncWebClient(token, base_url, session=self._session, retry_handlers=[])
        # The SDK takes a proxy from the environment for every address, this machine's included.
        self.web.proxy = None
        self._pacing = Pacing(now, pace)
        self._us: SlackIdentity | None = None

    async def auth_test(self) -> SlackIdentity:
        """Ask who we are and what we may do."""
        self._us = await self._ask("auth.test", "", lambda answer: answers.parse_identity(*answer))
        return self._us

    async def post(
        self,
        channel: ChannelId,
        *,
        text: str,
        blocks: Blocks,
        metadata: Mapping[str, Any],
        thread_ts: MessageTs | None = None,
    ) -> MessageTs:
        """
        Post a message that previews no links, and return its name.

        Slack cannot tell a repeated post from a new one, so after `Uncertain` look for it first (`find_by_key`).
        """
        body = _message(channel, text, blocks, thread_ts)
        body |= {"metadata": metadata, "unfurl_links": False, "unfurl_media": False}
        return await self._ask("chat.postMessage", channel, _posted, json=body)

    async def update(self, channel: ChannelId, ts: MessageTs, *, text: str, blocks: Blocks) -> None:
        """Replace what a message says; its metadata stays. `NotFound` with `message_not_found` if it was deleted."""
        body = _message(channel, text, blocks) | {"ts": ts}
        await self._ask("chat.update", channel, _nothing, json=body)

    async def post_ephemeral(
        self,
        channel: ChannelId,
        user: SlackUserId,
        *,
        text: str,
        blocks: Blocks | None = None,
        thread_ts: MessageTs | None = None,
    ) -> None:
        """Say something that only `user` sees. Best effort at Slack's end: it is gone when they reload."""
        body = _message(channel, text, blocks, thread_ts) | {"user": user}
        await self._ask("chat.postEphemeral", channel, _nothing, json=body)

    async def find_by_key(
        self, channel: ChannelId, key: str, *, oldest_ms: int, thread_ts: MessageTs | None = None
    ) -> MessageTs | None:
        """
        Look for the message of ours whose metadata has `key`, in the channel or in a thread of it.

        Reads every page back to `oldest_ms`, a time on our clock.
        """
        us = self._us or await self.auth_test()
        oldest = max(0, oldest_ms - CLOCK_SKEW_MS) / 1000
        params = {"channel": channel, "oldest": f"{oldest:.6f}", "inclusive": True, "include_all_metadata": True}
        method = "conversations.replies" if thread_ts else "conversations.history"
        async for page in self._pages(method, channel, params | ({"ts": thread_ts} if thread_ts else {})):
            found = answers.find_own(page, key, us)
            if found is not None:
                return MessageTs(found)
        return None

    async def person(self, user: SlackUserId) -> SlackPerson:
        """Read what Slack says of a user. `NotFound` if it does not let us see them."""
        return await self._ask("users.info", "", _person, http_verb="GET", params={"user": user})

    async def user_by_email(self, email: str) -> SlackUserId | None:
        """Find the member of our workspace with this address; None if there is none."""
        try:
            found = await self._ask("users.lookupByEmail", "", _person, http_verb="GET", params={"email": email})
        except NotFound:
            return None
        return found.id

    async def respond(
        self, response_url: str, *, text: str, blocks: Blocks | None = None, replace_original: bool = False
    ) -> None:
        """
        Answer privately through the address that came with a click: five times, within half an hour.

        `replace_original` overwrites the message that was clicked. Any address but Slack's is `Refused` unsent.
        """
        if not self._may_call(response_url):
            raise Refused("the response_url does not lead to Slack")
        body: dict[str, Any] = {"text": text, "replace_original": replace_original, "response_type": "ephemeral"}
        with counted(CALLS, RESPONSE_URL):
            await self._respond(response_url, body if blocks is None else body | {"blocks": blocks})

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _pages(self, method: str, channel: str, params: Mapping[str, object]) -> AsyncIterator[dict[str, object]]:
        def parse_page(answer: Answer) -> tuple[dict[str, object], str]:
            return answer[0], answers.next_cursor(answer[0])

        cursor: dict[str, str] = {}
        while True:
            request = {**params, **cursor, "limit": PAGE}
            page, following = await self._ask(method, channel, parse_page, http_verb="GET", params=request)
            yield page
            if not following:
                return
            cursor = {"cursor": following}

    async def _ask(self, method: str, channel: str, parse: Callable[[Answer], T], **request: Any) -> T:  # noqa: ANN401 # the SDK's
        """Make one request, unless it is too early for it."""
        self._pacing.take(method, channel)
        try:
            with counted(CALLS, method):
                return parse(await self._once(method, **request))
        except Unavailable as error:
            if error.retry_after is not None:
                self._pacing.close(method, channel, error.retry_after)
            raise

    async def _once(self, method: str, **request: Any) -> Answer:  # noqa: ANN401 # the SDK's
        try:
            response = await self.web.api_call(method, **request)
        except SlackApiError as error:
            raise _refusal(method, error.response) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(method, error) from error
        except (AttributeError, ValueError, RecursionError) as error:
            # The SDK takes every body of a 200 for an object in JSON.
            raise Uncertain(f"Slack's answer to {method} cannot be read") from error
        if not isinstance(response.data, dict):
            raise Uncertain(f"Slack's answer to {method} is not JSON")
        return response.data, response.headers

    async def _respond(self, url: str, body: Mapping[str, object]) -> None:
        try:
            async with self._session.post(url, json=body, allow_redirects=False) as response:
                answer = _decoded(await response.text(errors="replace"))
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(RESPONSE_URL, error) from error
        done = answer in ("ok", "") or (isinstance(answer, dict) and answer.get("ok") is True)
        if response.status != answers.OK or not done:
            raise answers.error_from(RESPONSE_URL, response.status, response.headers, answer)

    def _may_call(self, url: str) -> bool:
        """Tell whether `url` is Slack's: its own host for answers, or where this Slack's API is."""
        try:
            origin = urlsplit(url)[:2]
        except ValueError:
            return False
        return origin in (urlsplit(RESPONSE_HOST)[:2], urlsplit(self.web.base_url)[:2])


def _message(
    channel: ChannelId, text: str, blocks: Blocks | None, thread_ts: MessageTs | None = None
) -> dict[str, object]:
    optional = {"blocks": blocks, "thread_ts": thread_ts}
    return {"channel": channel, "text": text} | {name: value for name, value in optional.items() if value is not None}


def _posted(answer: Answer) -> MessageTs:
    ts = answer[0].get("ts")
    if not isinstance(ts, str):
        raise Uncertain("Slack did not name the message that it posted")
    return MessageTs(ts)


def _person(answer: Answer) -> SlackPerson:
    return answers.parse_person(answer[0])


def _nothing(_answer: Answer) -> None:
    """Be content with a success."""


def _refusal(method: str, response: AsyncSlackResponse | aiohttp.ClientResponse) -> CallError:
    """Understand an answer that the SDK raised: its own kind of response, or aiohttp's when the body was no JSON."""
    if isinstance(response, aiohttp.ClientResponse):
        return answers.error_from(method, response.status, response.headers, None)
    return answers.error_from(method, response.status_code, response.headers, response.data)


def _lost(method: str, error: Exception) -> Unavailable | Uncertain:
    """Tell a call that never left from one whose answer never came. aiohttp's own text would name addresses."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unavailable(f"Slack cannot be reached for {method}: {kind}")
    return Uncertain(f"the connection to Slack broke during {method}: {kind}")


def _decoded(text: str) -> object:
    """Take an answer for JSON, or else for the words that it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
