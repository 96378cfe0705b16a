"""
PagerDuty's REST API over HTTP: one request on the wire per call, counted, and every failure one of our errors.

The official `pagerduty` package sends it. The caller decides whether a call may be repeated, as it knows its purpose.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar
from urllib.parse import quote

from httpx2 import RequestError, Response
from prometheus_client import Counter, Gauge, Histogram

from shared.errors import Malformed, Unavailable, Uncertain
from shared.model.event import Instant
from shared.observability.call_metrics import BUCKETS, record_call
from shared.pagerduty.api import errors
from shared.pagerduty.api.auth import Authentication
from shared.pagerduty.api.sdk import Error, RestClient

CALLS = Counter("pagebridge_pagerduty_calls", "Calls to PagerDuty, by how they ended", ["method", "outcome"])
SECONDS = Histogram(
    "pagebridge_pagerduty_call_seconds", "How long calls to PagerDuty took", ["method"], buckets=BUCKETS
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
    """PagerDuty's response and its `Date`, to the second."""

    value: T
    date: Instant


@dataclass
class Request:
    """A request and its progress. `abandoned` once its caller has stopped waiting."""

    method: str
    path: str
    params: Params = field(default_factory=dict)
    body: dict[str, object] | None = None
    headers: dict[str, str | bytes] = field(default_factory=dict)
    abandoned: bool = False
    sent: bool = False

    def authorized(self, header: str) -> "Request":
        """Make this request with an `Authorization`; nothing of it has been sent."""
        return replace(self, headers={**self.headers, "Authorization": header}, abandoned=False, sent=False)

    def progress(self, stage: str) -> None:
        """Note that bytes are about to leave, unless the caller has given up."""
        if stage == _SENDING:
            if self.abandoned:
                raise Unavailable("given up before it was sent")
            self.sent = True


def get(*path: str, params: Params | None = None) -> Request:
    """Return the request that reads `path`, whose parts are each quoted as one path segment."""
    return Request("GET", _path(path), params or {})


def change(method: str, *path: str, body: dict[str, object] | None = None, from_email: str = "") -> Request:
    """Make a request that changes something, in the name of the user with the address `from_email`."""
    # As bytes, because the client takes a text for ASCII and addresses need not be.
    headers: dict[str, str | bytes] = {"From": from_email.encode()} if from_email else {}
    return Request(method, _path(path), body=body, headers=headers)


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

    def __init__(self, access: Authentication, url: str, timeout: float) -> None:
        self._access = access
        self._client = RestClient(url, timeout)
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(THREADS, "pagerduty")

    async def aclose(self) -> None:
        """Wait for the calls on the wire to end, start no other, and close the connections."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._client.close()
        await self._access.aclose()

    async def _read(self, name: str, request: Request, parse: Callable[[object], T]) -> Read[T]:
        with record_call(CALLS, SECONDS, name):
            response = await self._answered(request)
            return Read(parse(_decoded(response)), errors.server_time(response.headers))

    async def _write(self, name: str, request: Request, parse: Callable[[object], T]) -> Read[T]:
        """Make a change. If its response cannot be read, its effect is unknown."""
        try:
            return await self._read(name, request, parse)
        except Malformed as error:
            raise Uncertain(f"PagerDuty's answer cannot be read: {error}") from error

    async def _tell(self, name: str, request: Request) -> None:
        """Make a call whose answer has no content."""
        with record_call(CALLS, SECONDS, name):
            await self._answered(request)

    async def _pages(self, name: str, request: Request, parse: Callable[[object], T]) -> AsyncIterator[T]:
        """Read page after page, one request for each."""
        async for page in self._dated_pages(name, request, parse):
            yield page.value

    async def _dated_pages(self, name: str, request: Request, parse: Callable[[object], T]) -> AsyncIterator[Read[T]]:
        """Read page after page, each with the time at which PagerDuty gave it."""

        def parse_page(answer: object) -> tuple[T, bool]:
            return parse(answer), errors.has_more(answer)

        offset, more = 0, True
        while more:
            page = replace(request, params={**request.params, "limit": PAGE, "offset": offset})
            read = await self._read(name, page, parse_page)
            value, more = read.value
            yield Read(value, read.date)
            offset += PAGE

    async def _all(self, name: str, request: Request, parse: Callable[[object], tuple[T, ...]]) -> tuple[T, ...]:
        """Read the things on all pages."""
        return tuple([thing async for page in self._pages(name, request, parse) for thing in page])

    async def _answered(self, request: Request) -> Response:
        response = await self._authorized(request, asyncio.get_running_loop().time() + self._timeout)
        left = response.headers.get("ratelimit-remaining", "")
        if left.isdecimal():
            LEFT.set(int(left))
        if not response.is_success:
            raise errors.error_from(response.status_code, response.headers, response.content)
        return response

    async def _authorized(self, request: Request, deadline: float) -> Response:
        header = await self._access.header(deadline)
        response = await self._in_thread(request.authorized(header), deadline)
        if response.status_code == errors.UNAUTHORIZED:
            other = await self._access.renewed(header, deadline)
            if other is not None:
                response = await self._in_thread(request.authorized(other), deadline)
        return response

    async def _in_thread(self, request: Request, deadline: float) -> Response:
        running = self._threads.submit(self._send, request)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.wrap_future(running)
        except TimeoutError:
            if running.cancel():
                raise Unavailable(f"no thread was free for {self._timeout:g} s") from None
            raise Uncertain(f"PagerDuty did not answer within {self._timeout:g} s") from None
        finally:
            request.abandoned = True

    def _send(self, request: Request) -> Response:
        def trace(stage: str, _details: object) -> None:
            request.progress(stage)

        try:
            response: Response = self._client.request(
                request.method,
                request.path,
                params=request.params,
                json=request.body,
                headers=request.headers,
                extensions={"trace": trace},
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


def _path(parts: Sequence[str]) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _decoded(response: Response) -> object:
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise Uncertain("PagerDuty's answer is not JSON") from None


def _lost(request: Request, error: BaseException) -> Unavailable | Uncertain:
    """
    Return the error for a call that never left, or for one whose response never came.

    The client's own text would contain addresses.
    """
    if request.sent:
        return Uncertain(f"the connection to PagerDuty broke: {type(error).__name__}")
    return Unavailable(f"PagerDuty cannot be reached: {type(error).__name__}")
