"""
Slack's requests over HTTP, for workspaces that do not allow Socket Mode: the same listeners behind a public port.

Nothing of a request is looked at before its signature is verified, which covers the time of sending: five minutes old
by Slack's clock, it is refused. An answer 200 is the ack. Sources: Slack's pages on request URLs and on verifying
requests.
"""

import asyncio
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import reduce
from http import HTTPStatus
from operator import getitem
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import hdrs, web
from multidict import CIMultiDictProxy
from prometheus_client import Counter
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import Clock, SignatureVerifier

from shared.http.server import ClientLimits, hide_banner, read_body, serving_in_public
from shared.model.event import SECOND
from shared.observability.log import reference

log = structlog.get_logger()

REQUESTS = Counter("pagebridge_slack_requests", "Slack's requests over HTTP, by the status of the answer", ["answer"])
REFUSALS = Counter(
    "pagebridge_slack_requests_refused",
    "Requests over HTTP that were answered 401, by why: `signature` (another secret), `time`, or `unsigned`",
    ["why"],
)

PATH = "/slack/events"
MOST_BODY = 1024 * 1024
"""Bytes. A view may have 250 kB, and a form makes three characters of many a one."""
LIMITS = ClientLimits(body=2.0, answer=4.0, drain=4.0)
"""Slack gives a request 3 s in all."""
SIGNATURE, SENT_AT = "X-Slack-Signature", "X-Slack-Request-Timestamp"
LATELY = 600.0
"""Seconds for which a refusal counts as the present state: at night no one presses a button."""
RETRY, RETRY_WHY = "X-Slack-Retry-Num", "X-Slack-Retry-Reason"
SIGNED_OTHERWISE, STALE, UNSIGNED = "signature", "time", "unsigned"
"""The kinds of refusals."""
LONGEST_TIME = 15
"""Digits that no time has."""
UNFITTING = (
    "none is signed with SLACK_SIGNING_SECRET. Copy it from the app's Basic Information, then restart the workers."
)

_VIEW = (("view", "callback_id"), ("view", "type"))
_NAMES: Mapping[str, Iterable[Sequence[Any]]] = MappingProxyType(
    {
        "block_actions": [("actions", 0, "action_id")],
        "block_suggestion": [("action_id",)],
        "event_callback": [("event", "type")],
        "message_action": [("callback_id",)],
        "shortcut": [("callback_id",)],
        "view_closed": _VIEW,
        "view_submission": _VIEW,
    }
)
"""Where each type of payload names its listener, which Bolt takes for granted."""


class SlackClock(Clock):
    """The time by Slack, which dates its requests; by this machine only until Slack's is known."""

    def __init__(self, slack_ms: Callable[[], int | None]) -> None:
        self._slack_ms = slack_ms

    def now(self) -> float:
        """Return the seconds since 1970."""
        known = self._slack_ms()
        return time.time() if known is None else known / SECOND


@dataclass(frozen=True)
class Refusal:
    """Why a request was not taken: by its kind in the metrics, in words, and when, on the monotonic clock."""

    kind: str
    why: str
    at: float


class HttpMode:
    """
    The port to which Slack sends what people do. Port 0 takes any that is free; `port` says which.

    401 without a good and fresh signature, 413 above `MOST_BODY`, 400 for what is signed and
    yet none of Slack's payloads; else what the listeners say: 200 once what was asked for is durable.
    """

    standby = False
    lost = "This worker is stopping and takes no more requests from Slack. Another one should be running."

    def __init__(
        self,
        app: AsyncApp,
        secret: str,
        address: tuple[str, int],
        limits: ClientLimits = LIMITS,
        now: Callable[[], float] = time.monotonic,
        slack_ms: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`slack_ms` is Slack's time in milliseconds since 1970, None if unknown."""
        self.host, self.port = address
        self._app = app
        self._clock = SlackClock(slack_ms)
        self._verifier = SignatureVerifier(secret, self._clock)
        self._limits = limits
        self._now = now
        self._stopping: asyncio.Event | None = None
        self._heard: float | None = None
        self._refused: Refusal | None = None
        self._stack = AsyncExitStack()

    async def run(self, stopping: asyncio.Event) -> None:
        """Listen, until `close`; returns when `stopping` is set. Raises `OSError` when it cannot listen."""
        public = serving_in_public(self._web(), self.host, self.port, self._limits)
        self.port = await self._stack.enter_async_context(public)
        self._stopping = stopping
        log.info("slack.listening", host=self.host, port=self.port, path=PATH)
        await stopping.wait()

    async def close(self) -> None:
        """Stop to listen, and answer what is in hand."""
        await self._stack.aclose()

    async def connected(self) -> int:
        """Return 1 if requests are accepted, else 0; whether Slack reaches this address only a request shows."""
        return int(self._stopping is not None and not self._stopping.is_set())

    @property
    def refused(self) -> str:
        """
        Return why what Slack sends is refused, and what to do; empty if it is not, as far as can be known.

        A signature that does not fit can be anybody's, so it says something only while no other one has fitted.
        """
        last = self._refused
        return "" if last is None or self._now() - last.at > LATELY else refusal(last.why)

    async def details(self) -> dict[str, object]:
        """Return the seconds since Slack's last request, or None."""
        heard = None if self._heard is None else round(self._now() - self._heard)
        return {"slack_listening": await self.connected() > 0, "slack_heard_seconds_ago": heard}

    def _web(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BODY)
        app.on_response_prepare.append(hide_banner)
        app.router.add_post(PATH, self._deliver)
        # A proxy may leave the prefix by which it knows us, as the addresses in the app's settings have it.
        app.router.add_post(f"/{{prefix:.+}}{PATH}", self._deliver)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        return app

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _readyz(self, _: web.Request) -> web.Response:
        """Answer a load balancer's readiness check."""
        return web.Response(status=HTTPStatus.OK if await self.connected() else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _deliver(self, request: web.Request) -> web.Response:
        answer = await self._answer(request)
        REQUESTS.labels(str(answer.status)).inc()
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        body = await read_body(request, MOST_BODY)
        if not isinstance(body, bytes):
            return web.Response(status=body)
        if not self._is_signed(body, request.headers):
            self._refuse(body, request.headers)
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        self._heard, self._refused = self._now(), None
        if RETRY in request.headers:
            log.info("slack.repeated", attempt=request.headers[RETRY], why=request.headers.get(RETRY_WHY))
        try:
            payload = _for_bolt(body, request.headers.get(hdrs.CONTENT_TYPE, ""))
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            # Not the error's words, which may quote the body.
            log.error("slack.unreadable", why=type(error).__name__, reference=reference())
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        return await to_aiohttp_response(await self._app.async_dispatch(payload))

    def _is_signed(self, body: bytes, headers: CIMultiDictProxy[str]) -> bool:
        try:
            return self._verifier.is_valid(body, headers.get(SENT_AT), headers.get(SIGNATURE))
        except (TypeError, ValueError):
            # A time that is no number, a signature or a body that is no text: nothing of Slack's.
            return False

    def _refuse(self, body: bytes, headers: CIMultiDictProxy[str]) -> None:
        """Note why a request is refused, for the log, the metrics and `refused`."""
        found = self._refusal(body, headers)
        REFUSALS.labels(found.kind).inc()
        log.warning("slack.refused", kind=found.kind, why=found.why)
        if found.kind == STALE or (found.kind == SIGNED_OTHERWISE and self._heard is None):
            self._refused = found

    def _refusal(self, body: bytes, headers: CIMultiDictProxy[str]) -> Refusal:
        """Return the reason: a signature that fits its own time is Slack's, and then the time is wrong."""
        sent, signature = headers.get(SENT_AT, ""), headers.get(SIGNATURE, "")
        if not (sent.isdecimal() and len(sent) < LONGEST_TIME and signature.isascii() and signature):
            return Refusal(UNSIGNED, "no signature of Slack's", self._now())
        try:
            expected = self._verifier.generate_signature(timestamp=sent, body=body) or ""
        except UnicodeDecodeError:
            expected = ""
        if not hmac.compare_digest(expected, signature):
            return Refusal(SIGNED_OTHERWISE, UNFITTING, self._now())
        return Refusal(STALE, off(round(int(sent) - self._clock.now())), self._now())


def refusal(why: str) -> str:
    """Return the problem in words."""
    return f"Slack's requests are refused: {why}"


def off(seconds: int) -> str:
    """Return the meaning of a request that is dated so many seconds after the present."""
    how_far = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'}"
    return (
        f"the last one has a valid signature, but its time is {how_far} this worker's (300 s are allowed). "
        "Sync the clock (NTP), and check that no proxy holds requests back."
    )


def _for_bolt(body: bytes, content_type: str) -> AsyncBoltRequest:
    """
    Return what is in a signed body, without the headers: they are not signed, and Bolt acts on some.

    It is read here, as Bolt takes every form for an interaction in which the word `payload` occurs, also among what a
    person typed. Raises what Python does where it is none of Slack's payloads.
    """
    if content_type.partition(";")[0].strip().lower() == "application/json":
        said = json.loads(body)
    else:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        said = json.loads(form["payload"]) if "payload" in form else form
    # The sender is logged and stored: raises for half a surrogate pair, which can't be encoded.
    json.dumps([said.get("user"), said.get("user_id")], ensure_ascii=False).encode()
    for path in _NAMES.get(said.get("type"), ()):
        if not isinstance(reduce(getitem, path, said), str):
            raise TypeError("a payload that does not say whom it is for")
    # So named because only there Bolt takes a payload that has been read.
    return AsyncBoltRequest(body=said, mode="socket_mode")
