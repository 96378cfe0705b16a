"""The way every call takes: it is logged, it may go wrong on demand, it takes effect, it is answered."""

import asyncio
from collections.abc import Callable
from email.utils import format_datetime

from aiohttp import web

from pagebridge_sandbox.json_text import decode
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.calls import Call
from pagebridge_sandbox.pagerduty.faults import Fault, Faults
from pagebridge_sandbox.pagerduty.responses import ApiError, Json, Response, without_teams
from pagebridge_sandbox.pagerduty.rest.request import Request

Perform = Callable[[Request], Response]
"""Carries out a call at once, or raises `ApiError`."""


class RequestPipeline:
    """Lets calls in. `log` holds all of them, from the moment they arrive."""

    def __init__(self, account: Account, perform: Perform) -> None:
        self._account = account
        self._perform = perform
        self.faults = Faults()
        self.log: list[Call] = []
        self.is_down = False
        self._closing = asyncio.Event()
        self._delayed_effects: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """Let go of the calls that hang, and drop the effects that are still to come."""
        self._closing.set()
        for timer in self._delayed_effects:
            timer.cancel()

    async def handle(self, raw: web.Request) -> web.StreamResponse:
        """Answer one call."""
        request = Request.from_http(raw, await raw.read(), self._account.options.longest_page)
        if self.is_down:
            return _abort_connection(raw)
        call = self._record_call(request)
        fault = self.faults.take(call)
        answer = await (self._apply_fault(call, request, fault) if fault else self._carry_out(call, request))
        call.ended_at = self._account.clock.now()
        if answer is None or self.is_down:
            return _abort_connection(raw)
        call.status, call.code = int(answer.status), _error_code(answer)
        return self._to_http(answer)

    async def _apply_fault(self, call: Call, request: Request, fault: Fault) -> Response | None:
        """Carry out a call or not, as the fault will have it. None when there is to be no answer."""
        early = self._execute(call, request) if fault.after_effect else None
        if fault.effect_after is not None:
            self._delayed_effects.append(
                asyncio.get_running_loop().call_later(fault.effect_after, self._execute, call, request)
            )
        await self._sleep(fault.delay)
        if fault.ending == "as usual":
            return fault.distorted(early or self._execute(call, request))
        if fault.ending == "hung":
            await self._sleep(None)
        return fault.response if fault.ending == "answered" else None

    async def _carry_out(self, call: Call, request: Request) -> Response:
        return self._execute(call, request)

    def _execute(self, call: Call, request: Request) -> Response:
        before = self._account.revision
        try:
            answer = self._perform(request)
        except ApiError as refusal:
            answer = refusal.response
        call.took_effect = self._account.revision != before
        return answer

    def _record_call(self, request: Request) -> Call:
        call = Call(
            method=request.method,
            path="/" + "/".join(request.path),
            query={name: request.query.getall(name) for name in request.query},
            from_email=request.from_email,
            body=_decode_body(request.body),
            at=self._account.clock.now(),
        )
        self.log.append(call)
        return call

    def _to_http(self, answer: Response) -> web.Response:
        headers = {**answer.headers, "Date": format_datetime(self._account.clock.now(), usegmt=True)}
        if isinstance(answer.body, str):
            return web.Response(text=answer.body, status=answer.status, headers=headers)
        body = answer.body if self._account.options.teams_in_answers else without_teams(answer.body)
        return web.json_response(body, status=answer.status, headers=headers)

    async def _sleep(self, seconds: float | None) -> None:
        """Wait so many seconds, or for ever, but not beyond the end of the sandbox."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _abort_connection(request: web.Request) -> web.Response:
    """Cut the connection; what is returned reaches no one."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _error_code(answer: Response) -> int | None:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def _decode_body(body: bytes) -> Json | list[object] | str | None:
    text = body.decode(errors="replace")
    try:
        decoded = decode(text) if text else None
    except ValueError:
        return text
    return decoded if decoded is None or isinstance(decoded, dict | list) else text
