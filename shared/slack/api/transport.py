"""Slack's Web API over HTTP, by its SDK: one request per call, paced, counted; each failure is one of our errors."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from prometheus_client import Counter, Histogram
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from shared.errors import CallError, Malformed, Queued, Refused, Unavailable, Uncertain
from shared.http.proxy import proxy_for, why_unreachable
from shared.slack.api import errors, models
from shared.slack.api.rate_limits import LEVELS, RATES, Priority
from shared.vendor_calls import BUCKETS, ROUNDING, Caller, Limit, Pacing, ServerClock, TokenBuckets, record_call

CALLS = Counter("pagebridge_slack_calls", "Calls to Slack, by how they ended", ["method", "outcome"])
SECONDS = Histogram("pagebridge_slack_call_seconds", "How long calls to Slack took", ["method"], buckets=BUCKETS)

RESPONSE_HOST = "https://hooks.slack.com"
RESPONSE_URL = "response_url"
"""How calls of a `response_url` are counted; it is no method of the Web API."""
SOCKET = "Socket Mode"
"""The name of a Socket Mode connection in error messages."""
PAGE = 200
"""Messages on one page of history, the number that Slack recommends."""
PATIENCE = 10.0
"""Seconds that Slack may ask to wait for the next page of a history before the reading is given up."""
LONG_PATIENCE = 60.0
"""The same for every page of a reading that is patient."""

Begin = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class CallTurn:
    """When a call is made: by `priority`, under a `name` in its turn; `begin` is awaited right before it is sent."""

    priority: Priority = Priority.FIRST
    name: str = ""
    begin: Begin | None = None


ANY_TURN = CallTurn()
Answer = tuple[dict[str, object], Mapping[str, str]]
"""The decoded body of a successful answer, and its headers, which ignore upper and lower case."""
T = TypeVar("T")


class RateLimiter:
    """
    The calls of one token, as Slack's rate limits let them through. `shared` are the budgets of all workers.

    It never waits: it raises how long to wait, and the caller reschedules the work.
    """

    def __init__(self, now: Callable[[], float], pace: float = 1.0, shared: TokenBuckets | None = None) -> None:
        self._pace = pace
        self._pacing = Pacing(now, shared)

    async def take(self, method: str, channel: str, priority: Priority, name: str = "") -> None:
        """Take a call's place, or raise `Queued` with the seconds to it; a `name` keeps its place by priority."""
        wait = await self._pacing.take(self._limits(method, channel, priority), Caller(name, priority))
        if wait > 0:
            raise Queued(f"Slack takes no {method} for another {wait:.1f} s", retry_after=wait)

    async def pause(self, method: str, channel: str, seconds: float) -> None:
        """Stop calls for so many seconds, to a channel or all; then they go evenly, by priority, without a burst."""
        narrowest = self._limits(method, channel, Priority.FIRST)[0]
        await self._pacing.postpone(narrowest.budget, seconds + narrowest.ahead)

    def _limits(self, method: str, channel: str, priority: Priority) -> list[Limit]:
        """Return what one call takes from each budget of its method."""
        limits = []
        for rate in RATES[method]:
            interval = 60 / rate.per_minute * self._pace
            usable = rate.burst * (LEVELS - max(priority, Priority.FIRST)) // LEVELS
            budget = f"{method}:{channel}" if rate.per_channel else method
            limits.append(Limit(budget, interval, (usable - 1) * interval + ROUNDING))
        return limits


class Transport:
    """
    The connections of one bot token. A call takes `timeout` seconds at most.

    Must be made in a running event loop. `web` is the SDK's client underneath, for what Bolt does by itself.
    """

    def __init__(self, token: str, base_url: str, timeout: float, pacing: RateLimiter) -> None:
        # The SDK ignores its own time-out when it is given a session, so the session has to have it.
        limits = aiohttp.ClientTimeout(total=timeout, connect=timeout / 3)
        self._session = aiohttp.ClientSession(timeout=limits, trust_env=False)
        self.web = AsyncWebClient(token, base_url, session=self._session, retry_handlers=[])
        # The SDK takes one proxy from the environment for every address, this machine's included.
        self.web.proxy = proxy_for(base_url)
        self._pacing = pacing
        self._timeout = timeout
        self.server_clock = ServerClock("Slack")

    async def call(
        self,
        method: str,
        parse: Callable[[Answer], T],
        *,
        channel: str = "",
        turn: CallTurn = ANY_TURN,
        **request: Any,  # noqa: ANN401 # the SDK's
    ) -> T:
        """Make one request, unless it is too early for it. Fields of a `json` that are None are left out."""
        if "json" in request:
            request["json"] = {name: value for name, value in request["json"].items() if value is not None}
        await self._pacing.take(method, channel, turn.priority, turn.name)
        if turn.begin:
            await turn.begin()
        try:
            with record_call(CALLS, SECONDS, "Slack", method):
                return parse(await self._once(method, **request))
        except Unavailable as error:
            if error.retry_after is not None:
                await self._pacing.pause(method, channel, error.retry_after)
            raise

    async def read(self, method: str, parse: Callable[[Mapping[str, object]], T], **params: str) -> T:
        """Make one request that changes nothing."""
        return await self.call(method, lambda answer: parse(answer[0]), http_verb="GET", params=params)

    async def pages(
        self, method: str, params: Mapping[str, object], turn: CallTurn = ANY_TURN, *, patient: bool = False
    ) -> AsyncIterator[dict[str, object]]:
        """
        Read page after page, each in such a `turn`.

        Pages after the first wait for their turn: a reading that began anew each time would never come to its end. So
        does the first if the reading is `patient`, for it may be one of many that are only of use together.
        """
        request, waits = {**params, "limit": PAGE}, patient
        patience = LONG_PATIENCE if patient else PATIENCE
        while True:
            try:
                page, cursor = await self.call(
                    method,
                    lambda answer: (answer[0], models.next_cursor(answer[0])),
                    turn=turn,
                    http_verb="GET",
                    params=request,
                )
            except Unavailable as error:
                # In line it has a place, and beginning anew would take another.
                longest = math.inf if isinstance(error, Queued) else patience
                if not waits or error.retry_after is None or error.retry_after > longest:
                    raise
                await asyncio.sleep(error.retry_after)
                continue
            yield page
            if not cursor:
                return
            request, waits = {**request, "cursor": cursor}, True

    async def respond(self, url: str, body: Mapping[str, object]) -> None:
        """Post to a `response_url`. Any address but Slack's is `Refused` unsent."""
        if not self._may_call(url):
            raise Refused("the response_url does not lead to Slack")
        with record_call(CALLS, SECONDS, "Slack", RESPONSE_URL):
            try:
                async with self._session.post(url, json=body, allow_redirects=False, proxy=proxy_for(url)) as response:
                    answer = _decoded(await response.text(errors="replace"))
            except (aiohttp.ClientError, OSError) as error:
                raise _lost(RESPONSE_URL, url, error) from error
            done = answer in ("ok", "") or (isinstance(answer, dict) and answer.get("ok") is True)
            if response.status != errors.OK or not done:
                raise errors.error_from(RESPONSE_URL, response.status, response.headers, answer)

    async def socket_hello(self, url: str) -> dict[str, object]:
        """Open a WebSocket, read its first frame, and close it."""
        try:
            async with self._session.ws_connect(url, proxy=proxy_for(url)) as socket:
                return dict(await socket.receive_json(timeout=self._timeout))
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(SOCKET, url, error) from error
        except (TypeError, ValueError) as error:
            raise Uncertain("what Slack says over the socket cannot be read") from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _once(self, method: str, **request: Any) -> Answer:  # noqa: ANN401 # the SDK's
        try:
            response = await self.web.api_call(method, **request)
        except SlackApiError as error:
            raise _refusal(method, error.response) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(method, self.web.base_url, error) from error
        except (AttributeError, ValueError, RecursionError) as error:
            # The SDK takes every body of a 200 for an object in JSON.
            raise Uncertain(f"Slack's answer to {method} cannot be read") from error
        if not isinstance(response.data, dict):
            raise Uncertain(f"Slack's answer to {method} is not JSON")
        with suppress(Malformed):
            self.server_clock.hear(response.headers)
        return response.data, response.headers

    def _may_call(self, url: str) -> bool:
        """True if `url` is Slack's: its host for `response_url`, or the configured API."""
        try:
            origin = urlsplit(url)[:2]
        except ValueError:
            return False
        return origin in (urlsplit(RESPONSE_HOST)[:2], urlsplit(self.web.base_url)[:2])


def _refusal(method: str, response: AsyncSlackResponse | aiohttp.ClientResponse) -> CallError:
    """Understand an answer that the SDK raised: its own kind of response, or aiohttp's when the body was no JSON."""
    if isinstance(response, aiohttp.ClientResponse):
        return errors.error_from(method, response.status, response.headers, None)
    return errors.error_from(method, response.status_code, response.headers, response.data)


def _lost(method: str, url: str, error: Exception) -> Unavailable | Uncertain:
    """Return the error for a call that never left, or whose answer never came, without aiohttp's addresses."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.ClientHttpProxyError):
        return Unavailable(f"Slack cannot be reached for {method}: {why_unreachable(url, error)}")
    return Uncertain(f"the connection to Slack broke during {method}: {type(error).__name__}")


def _decoded(text: str) -> object:
    """Take an answer for JSON, or else for the words that it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
