"""
The one door to PagerDuty.

The official `pagerduty` package does the talking, one request on the wire per call: whether a call may be repeated is
decided by whoever made it, who knows what it was for. Nothing else in this project imports that package.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote, urlsplit

import pagerduty
from httpx2 import RequestError, Response
from prometheus_client import Counter

from shared.calls import counted
from shared.clock import Durations
from shared.errors import Malformed, Unavailable, Uncertain
from shared.model.event import Instant, Status
from shared.model.ids import IncidentId, TeamId, UserId
from shared.pagerduty import rest
from shared.pagerduty.rest import EscalationPolicy, RestIncident, Team, User

CALLS = Counter("pagebridge_pagerduty_calls", "Calls to PagerDuty, by how they ended", ["method", "outcome"])

URL = "https://api.pagerduty.com"
THREADS = 8
"""Calls in flight at most. PagerDuty allows 960 a minute for one key, which fewer could make."""
PAGE = 100
"""The longest page that PagerDuty gives."""

_SENDING = "http11.send_request_headers.started"
"""The client's own name for the moment from which bytes may have left."""

T = TypeVar("T")


@dataclass(frozen=True)
class Read(Generic[T]):
    """What PagerDuty answered, and when by its own clock, to the second."""

    value: T
    date: Instant


@dataclass
class _Request:
    """One request, and how far it got. `abandoned` once nobody waits for its answer any more."""

    method: str
    path: str
    params: dict[str, str | int] = field(default_factory=dict)
    body: dict[str, object] | None = None
    headers: dict[str, str | bytes] = field(default_factory=dict)
    abandoned: bool = False
    sent: bool = False

    def progress(self, stage: str) -> None:
        """Note that bytes are about to leave, unless that would be for nobody."""
        if stage == _SENDING:
            if self.abandoned:
                raise Unavailable("given up before it was sent")
            self.sent = True


class PagerDuty:
    """
    PagerDuty's REST API, for one API key.

    Every method makes one request (those that read all pages: one per page) and raises only `CallError` or
    `Malformed`: `Unavailable` if no byte was sent, `Uncertain` if PagerDuty may have acted, also for a read that timed
    out, which the caller may repeat.

    A call takes `timeout` seconds at most. It runs in a thread, which cannot be stopped: when the awaiting task is
    cancelled or the time is up, a request whose sending has begun goes on, and may still take effect at PagerDuty. One
    whose sending has not begun (no free thread, name look-up, connecting) is as a rule not sent any more.
    """

    def __init__(self, token: str, url: str = URL, timeout: float = Durations.pagerduty_timeout) -> None:
        self._client = _Client(token, url, timeout)
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(THREADS, "pagerduty")

    async def incident(self, incident: IncidentId) -> Read[RestIncident]:
        """Read an incident."""
        return await self._ask("incident", _get("incidents", incident), rest.parse_incident)

    async def set_status(self, incident: IncidentId, status: Status, from_email: str) -> Read[RestIncident]:
        """
        Bring an incident into `status` in the name of the user with the address `from_email`.

        Beware: PagerDuty reopens a resolved incident for this. An answer that cannot be read is `Uncertain`.
        """
        request = _Request("PUT", _path("incidents", incident), body=rest.status_request(status))
        # As bytes, because the client takes a text for ASCII and addresses need not be.
        request.headers["From"] = from_email.encode()
        try:
            return await self._ask("set_status", request, rest.parse_incident)
        except Malformed as error:
            raise Uncertain(f"PagerDuty's answer cannot be read: {error}") from error

    async def user(self, user: UserId) -> User:
        """Read a user; a deleted one is usually `NotFound`."""
        return (await self._ask("user", _get("users", user), rest.parse_user)).value

    async def users_by_query(self, text: str) -> tuple[User, ...]:
        """Search users by name or address: fuzzy, and the first page only, so finding nobody means nothing."""
        request = _get("users")
        request.params = {"query": text, "limit": PAGE}
        return (await self._ask("users_by_query", request, rest.parse_users)).value

    async def all_users(self) -> AsyncIterator[User]:
        """Read the whole directory. PagerDuty pages no further than 10,000; more is `Refused`."""
        async for page in self._pages("all_users", _get("users"), rest.parse_users):
            for user in page:
                yield user

    async def team(self, team: TeamId) -> Team:
        """Read a team."""
        return (await self._ask("team", _get("teams", team), rest.parse_team)).value

    async def team_members(self, team: TeamId) -> dict[UserId, str]:
        """Read everybody on a team, with their role there: `manager`, `responder` or `observer`."""
        roles: dict[UserId, str] = {}
        async for page in self._pages("team_members", _get("teams", team, "members"), rest.parse_members):
            roles |= page
        return roles

    async def escalation_policy(self, policy: str) -> EscalationPolicy:
        """Read an escalation policy as it is now, which need not be as it was when an incident took it."""
        request = _get("escalation_policies", policy)
        return (await self._ask("escalation_policy", request, rest.parse_escalation_policy)).value

    async def on_call(self, policy: str) -> frozenset[UserId]:
        """Read who is on call for an escalation policy now, at any level. PagerDuty limits these more strictly."""
        request = _get("oncalls")
        request.params = {"escalation_policy_ids[]": policy}
        users: frozenset[UserId] = frozenset()
        async for page in self._pages("on_call", request, rest.parse_oncalls):
            users |= page
        return users

    async def aclose(self) -> None:
        """Wait for the calls on the wire to end, start no other, and close the connections."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        self._client.close()

    async def _pages(self, name: str, request: _Request, parse: Callable[[object], T]) -> AsyncIterator[T]:
        def parse_page(answer: object) -> tuple[T, bool]:
            return parse(answer), rest.has_more(answer)

        offset, more = 0, True
        while more:
            page = _Request("GET", request.path, {**request.params, "limit": PAGE, "offset": offset})
            value, more = (await self._ask(name, page, parse_page)).value
            yield value
            offset += PAGE

    async def _ask(self, name: str, request: _Request, parse: Callable[[object], T]) -> Read[T]:
        with counted(CALLS, name):
            response = await self._in_thread(request)
            if not response.is_success:
                raise rest.error_from(response.status_code, response.headers, response.content)
            return Read(parse(_decoded(response)), rest.server_time(response.headers))

    async def _in_thread(self, request: _Request) -> Response:
        running = self._threads.submit(self._send, request)
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(running)
        except TimeoutError:
            if running.cancel():
                raise Unavailable(f"no thread was free for {self._timeout:g} s") from None
            raise Uncertain(f"PagerDuty did not answer within {self._timeout:g} s") from None
        finally:
            request.abandoned = True

    def _send(self, request: _Request) -> Response:
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
        except pagerduty.Error as error:
            # The package raises for 401 and for redirects, and returns every other answer.
            refusal: Response | None = error.response
            if refusal is not None:
                return refusal
            raise _lost(request, error.__cause__ or error) from error
        except RequestError as error:
            raise _lost(request, error) from error
        return response


class _Client(pagerduty.RestApiV2Client):
    """
    The official client, which repeats failed requests of its own accord, told not to.

    It also insists on https, which a simulator on this machine cannot offer; there, and only there, http will do.
    """

    max_network_attempts = 0
    max_http_attempts = -1

    def __init__(self, token: str, url: str, timeout: float) -> None:
        super().__init__(token, base_url=url, trust_env=not _is_loopback(url))
        # Connecting, reading, writing, waiting for a connection: what has not been sent by half `call_max` never is.
        self.timeout = (timeout / 3, timeout, timeout / 3, timeout / 3)  # type: ignore[assignment] # untyped there
        # 429 is repeated for ever unless it has a limit, and with the total above not even once.
        self.retry = {429: 1}

    @property
    def url(self) -> str:
        """The base address."""
        return self._base

    @url.setter
    def url(self, url: str) -> None:
        if not url.startswith("https://") and not (url.startswith("http://") and _is_loopback(url)):
            raise pagerduty.UrlError("PagerDuty's address must be https, or http on this machine")
        self._base = url.rstrip("/")


def _get(*path: str) -> _Request:
    return _Request("GET", _path(*path))


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _decoded(response: Response) -> object:
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise Uncertain("PagerDuty's answer is not JSON") from None


def _lost(request: _Request, error: BaseException) -> Unavailable | Uncertain:
    """Tell a call that never left from one whose answer never came. The client's own text would name addresses."""
    if request.sent:
        return Uncertain(f"the connection to PagerDuty broke: {type(error).__name__}")
    return Unavailable(f"PagerDuty cannot be reached: {type(error).__name__}")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
