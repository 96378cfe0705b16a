"""
PagerDuty's REST API over HTTP: one request on the wire per call, counted, and every failure one of our errors.

The official `pagerduty` package sends it. The caller decides whether a call may be repeated, as it knows its purpose.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar
from urllib.parse import quote

import structlog
from httpx2 import RequestError, Response
from prometheus_client import Counter, Gauge, Histogram

from shared.errors import Malformed, Unavailable, Uncertain
from shared.model.event import SECOND, Instant
from shared.observability.call_metrics import BUCKETS, record_call
from shared.pagerduty.api.auth import TokenSource
from shared.pagerduty.api.errors import UNAUTHORIZED, error_from
from shared.pagerduty.api.sdk import Error, RestClient
from shared.pagerduty.models.fields import Listed, Skipped, as_object, milliseconds

log = structlog.get_logger()

CALLS = Counter("pagebridge_pagerduty_calls", "Calls to PagerDuty, by how they ended", ["method", "outcome"])
SECONDS = Histogram(
    "pagebridge_pagerduty_call_seconds", "How long calls to PagerDuty took", ["method"], buckets=BUCKETS
)
UNREADABLE = Counter(
    "pagebridge_pagerduty_unreadable", "Members of lists of PagerDuty's that could not be read, by call", ["method"]
)
LEFT = Gauge("pagebridge_pagerduty_calls_left", "Calls that PagerDuty's limit still has room for, by its last answer")

THREADS = 8
"""Calls in flight at most. PagerDuty allows 960 a minute for one key, which fewer could make."""
PAGE = 100
"""The longest page that PagerDuty gives."""

_SENDING = "http11.send_request_headers.started"
"""The client's own name for the moment from which bytes may have left."""

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


@dataclass
class Request:
    """A request, `sent` once bytes may have left, `abandoned` once given up; each part of `path` is quoted as one."""

    method: str
    path: Sequence[str]
    params: Params = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    headers: dict[str, str | bytes] = field(default_factory=dict)
    abandoned: bool = False
    sent: bool = False


class Transport:
    """
    The connections of one API key or app.

    Every call makes one request and raises only `CallError` or `Malformed`: `Unavailable` if no byte was sent,
    `Uncertain` if PagerDuty may have acted, also for a read that timed out, which the caller may repeat. Only a call
    that was refused because its token has ended, and so surely not done, is made again with the next token, once.

    A call takes `timeout` seconds at most. It runs in a thread, which cannot be stopped: when the awaiting task is
    cancelled or the time is up, a request whose sending has begun goes on, and may still take effect at PagerDuty. One
    whose sending has not begun (no free thread, name look-up, connecting) is as a rule not sent any more.
    """

    def __init__(self, access: str | TokenSource, url: str, timeout: float) -> None:
        """`access` gives the header `Authorization`, if it is not always the same."""
        self._access = access
        self._client = RestClient(url, timeout)
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(THREADS, "pagerduty")
        self._ahead_ms: float | None = None
        self._dated = -math.inf
        self._date_asked = -math.inf

    def now_ms(self) -> int | None:
        """PagerDuty's time in milliseconds since 1970, by the `Date` of its last answer; None before the first."""
        return None if self._ahead_ms is None else int(time.monotonic() * SECOND + self._ahead_ms)

    async def aclose(self) -> None:
        """Wait for the calls on the wire to end, start no other, and close the connections."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._client.close()
        if isinstance(self._access, TokenSource):
            await self._access.aclose()

    async def _read(self, name: str, parse: Callable[[object], T], *path: str, params: Params | None = None) -> Read[T]:
        """Read what is at `path`. `name` is that of the call in the metrics."""
        return await self._called(name, parse, Request("GET", path, params or {}))

    async def _write(
        self,
        name: str,
        parse: Callable[[object], T],
        method: str,
        *path: str,
        body: Mapping[str, object] | None = None,
        from_email: str = "",
    ) -> Read[T]:
        """Make a change in the name of `from_email`. If its response cannot be read, its effect is unknown."""
        # As bytes, because the client takes a text for ASCII and addresses need not be.
        headers: dict[str, str | bytes] = {"From": from_email.encode()} if from_email else {}
        try:
            return await self._called(name, parse, Request(method, path, body=body, headers=headers))
        except Malformed as error:
            raise Uncertain(f"PagerDuty's answer cannot be read: {error}") from error

    async def _tell(self, name: str, method: str, *path: str) -> None:
        """Make a call whose answer has no content."""
        with record_call(CALLS, SECONDS, name):
            await self._answered(Request(method, path))

    async def _list(
        self, name: str, parse: Callable[[object], Listed[T]], *path: str, params: Params | None = None
    ) -> Read[tuple[T, ...]]:
        """Read a list in one request; what cannot be read of it is logged, counted and passed over."""
        read = await self._read(name, parse, *path, params=params)
        return _noted(name, read.value, read.date)

    async def _pages(
        self, name: str, parse: Callable[[object], Listed[T]], *path: str, params: Params | None = None
    ) -> AsyncIterator[Read[tuple[T, ...]]]:
        """Read page after page, as long as PagerDuty makes each, until it says that there are no more (pagination)."""
        offset, more = 0, True
        while more:
            page: Params = {**(params or {}), "limit": PAGE, "offset": offset}
            read = await self._read(
                name, lambda answer: (parse(answer), as_object(answer).get("more") is True), *path, params=page
            )
            listed, more = read.value
            yield _noted(name, listed, read.date)
            # A page can be empty though more follow, where all of it is hidden from us.
            offset += listed.given or PAGE

    async def _all(
        self, name: str, parse: Callable[[object], Listed[T]], *path: str, params: Params | None = None
    ) -> Read[tuple[T, ...]]:
        """Read the things on all pages, from the time of the first one."""
        pages = [page async for page in self._pages(name, parse, *path, params=params)]
        things = tuple(thing for page in pages for thing in page.value)
        return Read(things, pages[0].date, tuple(one for page in pages for one in page.skipped))

    async def _called(self, name: str, parse: Callable[[object], T], request: Request) -> Read[T]:
        with record_call(CALLS, SECONDS, name):
            response = await self._answered(request)
            try:
                answer = response.json()
            except (ValueError, RecursionError):
                raise Uncertain("PagerDuty's answer is not JSON") from None
            date = server_time(response.headers)
            self._dated = time.monotonic()
            self._ahead_ms = date.ms - self._dated * SECOND
            return Read(parse(answer), date)

    async def _answered(self, request: Request) -> Response:
        deadline, access = asyncio.get_running_loop().time() + self._timeout, self._access
        header = access if isinstance(access, str) else await access.header(deadline)
        response = await self._in_thread(request, header, deadline)
        if response.status_code == UNAUTHORIZED and isinstance(access, TokenSource):
            response = await self._in_thread(request, await access.renewed(header, deadline), deadline)
        left = response.headers.get("ratelimit-remaining", "")
        if left.isdecimal():
            LEFT.set(int(left))
        if not response.is_success:
            raise error_from(response.status_code, response.headers, response.content)
        return response

    async def _in_thread(self, request: Request, authorization: str, deadline: float) -> Response:
        """Send a request with an `Authorization`; nothing of it has been sent."""
        this = replace(request, headers={**request.headers, "Authorization": authorization})
        running = self._threads.submit(self._send, this)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.wrap_future(running)
        except TimeoutError:
            if running.cancel():
                raise Unavailable(f"no thread was free for {self._timeout:g} s") from None
            raise Uncertain(f"PagerDuty did not answer within {self._timeout:g} s") from None
        finally:
            this.abandoned = True

    def _send(self, request: Request) -> Response:
        # A function: the package copies its arguments deeply, and a method would note this on a copy of the request.
        def progress(stage: str, _details: object) -> None:
            if stage == _SENDING:
                if request.abandoned:
                    raise Unavailable("given up before it was sent")
                request.sent = True

        try:
            response: Response = self._client.request(
                request.method,
                "/" + "/".join(quote(part, safe="") for part in request.path),
                params=request.params,
                json=request.body,
                headers=request.headers,
                extensions={"trace": progress},
            )
        except Error as error:
            # The package raises for 401 and for redirects, and returns every other answer.
            refusal: Response | None = error.response
            if refusal is not None:
                return refusal
            raise _lost(request, error.__cause__ or error) from error
        except RequestError as error:
            raise _lost(request, error) from error
        return response


def _noted(name: str, listed: Listed[T], date: Instant) -> Read[tuple[T, ...]]:
    for one in listed.skipped:
        UNREADABLE.labels(name).inc()
        log.warning("pagerduty.unreadable", call=name, id=one.id, incident=one.incident, why=one.why)
    return Read(listed.members, date, listed.skipped)


def server_time(headers: Mapping[str, str]) -> Instant:
    """Read PagerDuty's clock off the `Date` header of an answer."""
    try:
        return Instant(milliseconds(parsedate_to_datetime(headers["Date"])), SECOND)
    except (KeyError, ValueError, OverflowError, Malformed):
        raise Malformed("PagerDuty's answer has no usable Date header") from None


def _lost(request: Request, error: BaseException) -> Unavailable | Uncertain:
    """Return the error for a call that never left, or whose response never came, without the client's addresses."""
    if request.sent:
        return Uncertain(f"the connection to PagerDuty broke: {type(error).__name__}")
    return Unavailable(f"PagerDuty cannot be reached: {type(error).__name__}")
