"""
PagerDuty's REST API over HTTP: one request on the wire per call, counted, and every failure one of our errors.

The caller decides whether a call may be repeated, as it knows its purpose.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import quote

import aiohttp
import structlog
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from prometheus_client import Counter, Gauge, Histogram
from yarl import URL

from shared.errors import Malformed, Unavailable, Uncertain
from shared.http.proxy import proxy_for, why_unreachable
from shared.model.event import Instant
from shared.model.incident import AHEAD_MS
from shared.pagerduty.api.auth import TokenSource
from shared.pagerduty.api.errors import UNAUTHORIZED, error_from
from shared.pagerduty.api.lanes import Lanes
from shared.pagerduty.api.sdk import authorities, checked_url
from shared.pagerduty.models.fields import Listed, Parse, Skipped, as_object
from shared.vendor_calls import BUCKETS, ServerClock, record_call

log = structlog.get_logger()

CALLS = Counter("pagebridge_pagerduty_calls", "Calls to PagerDuty, by how they ended", ["method", "outcome"])
SECONDS = Histogram(
    "pagebridge_pagerduty_call_seconds", "How long calls to PagerDuty took", ["method"], buckets=BUCKETS
)
UNREADABLE = Counter(
    "pagebridge_pagerduty_unreadable", "Entries of PagerDuty's lists that could not be read, by call", ["method"]
)
LEFT = Gauge("pagebridge_pagerduty_calls_left", "Calls that PagerDuty's limit still has room for, by its last answer")

HEADERS = {"Accept": "application/vnd.pagerduty+json;version=2", "Content-Type": "application/json"}
PAGE = 100
"""The longest page that PagerDuty gives."""
PAUSE = 1.0
"""Seconds without calls after one that came too early, when PagerDuty does not say how many."""

Params = Mapping[str, str | int | Sequence[str]]
T = TypeVar("T")


@dataclass(frozen=True)
class Read(Generic[T]):
    """PagerDuty's response and its `Date`, to the second; of a list also what could not be read of it."""

    value: T
    date: Instant
    skipped: tuple[Skipped, ...] = ()

    def require_whole(self) -> None:
        """Raise `Uncertain` if something of a list could not be read: it may be what is looked for."""
        if self.skipped:
            raise Uncertain(f"PagerDuty's list has what cannot be read: {self.skipped[0].id}")


@dataclass(frozen=True)
class Request:
    """A request; each part of `path` is quoted as one."""

    method: str
    path: Sequence[str]
    params: Params = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    from_email: str = ""


@dataclass(frozen=True)
class Response:
    """A response of PagerDuty's; its header names ignore upper and lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Once:
    """Lets one request through: aiohttp repeats some of those that are lost with a connection that was kept open."""

    sent: bool = False

    async def __call__(self, request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        """Send the request. Raises `ClientConnectionError` if it has been sent before."""
        if self.sent:
            raise aiohttp.ClientConnectionError
        self.sent = True
        return await send(request)


class Transport:
    """
    The connections of one API key or app.

    Every call makes one request and raises only `CallError` or `Malformed`: `Unavailable` if no byte was sent,
    `Uncertain` if PagerDuty may have acted, also for a read that timed out, which the caller may repeat. Only a call
    that was refused because its token has ended, and so surely not done, is made again with the next token, once.

    A call waits for its turn in `lanes`; then it takes `timeout` seconds at most, of which connecting may take a third.
    When the awaiting task is cancelled or the time is up, a request that was sent may still take effect at PagerDuty.
    """

    def __init__(self, access: str | TokenSource, url: str, timeout: float, lanes: Lanes | None = None) -> None:
        """`access` gives the header `Authorization`, if it is not always the same. Needs a running event loop."""
        self.lanes = lanes or Lanes()
        self._access = access
        self._url = checked_url(url)
        self._timeout = timeout
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(connect=timeout / 3),
            connector=aiohttp.TCPConnector(limit=0, ssl=authorities()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            proxy=proxy_for(url),
        )
        self.server_clock = ServerClock("PagerDuty")
        self._date_asked = -math.inf

    async def aclose(self) -> None:
        """Close the connections; what is on the wire then is lost."""
        await self._session.close()
        if isinstance(self._access, TokenSource):
            await self._access.aclose()

    async def _call(
        self,
        name: str,
        parse: Parse[T],
        method: str,
        *path: str,
        params: Params | None = None,
        body: Mapping[str, object] | None = None,
        from_email: str = "",
    ) -> Read[T]:
        """
        Call what is at `path`, for a change in the name of `from_email`. `name` is that of the call in the metrics.

        The effect of a change whose answer cannot be read is unknown.
        """
        try:
            async with self.lanes.call():
                with record_call(CALLS, SECONDS, "PagerDuty", name):
                    response = await self._answered(Request(method, path, params or {}, body, from_email))
                    try:
                        answer = json.loads(response.body)
                    except (ValueError, RecursionError):
                        raise Uncertain("PagerDuty's answer is not JSON") from None
                    date = self.server_clock.hear(response.headers)
                    return Read(parse(answer, date.end + AHEAD_MS), date)
        except Malformed as error:
            if method == "GET":
                raise
            raise Uncertain(f"PagerDuty's answer cannot be read: {error}") from error

    async def _tell(self, name: str, method: str, *path: str) -> None:
        """Make a call whose answer has no content."""
        async with self.lanes.call():
            with record_call(CALLS, SECONDS, "PagerDuty", name):
                await self._answered(Request(method, path))

    async def _list(self, name: str, parse: Parse[Listed[T]], *path: str) -> Read[tuple[T, ...]]:
        """Read a list in one request; what cannot be read of it is logged, counted and passed over."""
        read = await self._call(name, parse, "GET", *path)
        return _noted(name, read.value, read.date)

    async def _pages(
        self,
        name: str,
        parse: Parse[Listed[T]],
        *path: str,
        params: Params | None = None,
        most: float = math.inf,
    ) -> AsyncIterator[Read[tuple[T, ...]]]:
        """Read page after page, as long as PagerDuty makes each, until there are no more (pagination), or `most`."""
        offset, more = 0, True
        while more and offset < most:
            page: Params = {**(params or {}), "limit": PAGE, "offset": offset}
            read = await self._call(
                name,
                lambda answer, latest_ms=None: (parse(answer, latest_ms), as_object(answer).get("more") is True),
                "GET",
                *path,
                params=page,
            )
            listed, more = read.value
            yield _noted(name, listed, read.date)
            # A page can be empty though more follow, where all of it is hidden from us.
            offset += listed.given or PAGE

    async def _all(
        self,
        name: str,
        parse: Parse[Listed[T]],
        *path: str,
        params: Params | None = None,
        most: float = math.inf,
    ) -> Read[tuple[T, ...]]:
        """Read the things on all pages, or on those of the first `most`, from the time of the first one."""
        pages = [page async for page in self._pages(name, parse, *path, params=params, most=most)]
        things = tuple(thing for page in pages for thing in page.value)
        return Read(things, pages[0].date, tuple(one for page in pages for one in page.skipped))

    async def _answered(self, request: Request) -> Response:
        deadline, access = asyncio.get_running_loop().time() + self._timeout, self._access
        header = access if isinstance(access, str) else await access.header(deadline)
        response = await self._sent(request, header, deadline)
        if response.status == UNAUTHORIZED and isinstance(access, TokenSource):
            response = await self._sent(request, await access.renewed(header, deadline), deadline)
        left = response.headers.get("ratelimit-remaining", "")
        if left.isdecimal():
            LEFT.set(int(left))
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            error = error_from(response.status, response.headers, response.body)
            if isinstance(error, Unavailable):
                await self.lanes.pause(error.retry_after or PAUSE)
            raise error
        return response

    async def _sent(self, request: Request, authorization: str, deadline: float) -> Response:
        """Send a request with an `Authorization`, once."""
        path = "/".join(quote(part, safe="") for part in request.path)
        sender = {"From": request.from_email} if request.from_email else {}
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._session.request(
                    request.method,
                    URL(f"{self._url}/{path}", encoded=True).with_query(request.params),
                    json=request.body,
                    headers={"Authorization": authorization, **sender},
                    allow_redirects=False,
                    middlewares=(Once(),),
                ) as response,
            ):
                return Response(response.status, response.headers, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            raise Unavailable(f"PagerDuty cannot be reached: {why_unreachable(self._url, error)}") from error
        except TimeoutError:
            raise Uncertain(f"PagerDuty did not answer within {self._timeout:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Uncertain(f"the connection to PagerDuty broke: {type(error).__name__}") from error


def _noted(name: str, listed: Listed[T], date: Instant) -> Read[tuple[T, ...]]:
    for one in listed.skipped:
        UNREADABLE.labels(name).inc()
        log.warning("pagerduty.unreadable", call=name, id=one.id, incident=one.incident, why=one.why)
    return Read(listed.members, date, listed.skipped)
