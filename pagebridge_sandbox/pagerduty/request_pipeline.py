"""The way every call takes: it is logged, it may go wrong on demand, it takes effect, it is answered."""

import asyncio
import json
from collections.abc import Callable
from email.utils import format_datetime

from aiohttp import web

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.calls import Call
from pagebridge_sandbox.pagerduty.faults import Fault, Faults
from pagebridge_sandbox.pagerduty.responses import Answer, Json, Refusal
from pagebridge_sandbox.pagerduty.rest.request import Request

Perform = Callable[[Request], Answer]
"""Carries out a call at once, or raises `Refusal`."""


class Gate:
    """Lets calls in. `log` holds all of them, from the moment they arrive."""

    def __init__(self, account: Account, perform: Perform) -> None:
        self._account = account
        self._perform = perform
        self.faults = Faults()
        self.log: list[Call] = []
        self.down = False
        self._closing = asyncio.Event()
        self._late: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """Let go of the calls that hang, and drop the effects that are still to come."""
        self._closing.set()
        for timer in self._late:
            timer.cancel()

    async def answer(self, raw: web.Request) -> web.StreamResponse:
        """Answer one call."""
        request = Request.of(raw, await raw.read())
        if self.down:
            return _cut(raw)
        call = self._arrived(request)
        fault = self.faults.take(call)
        answer = await (self._misbehave(call, request, fault) if fault else self._carry_out(call, request))
        if answer is None or self.down:
            return _cut(raw)
        call.status, call.code = int(answer.status), _code(answer)
        return self._reply(answer)

    async def _misbehave(self, call: Call, request: Request, fault: Fault) -> Answer | None:
        """Carry out a call or not, as the fault will have it. None when there is to be no answer."""
        early = self._effect(call, request) if fault.after_effect else None
        if fault.effect_after is not None:
            self._late.append(asyncio.get_running_loop().call_later(fault.effect_after, self._effect, call, request))
        await self._pause(fault.delay)
        if fault.ends == "as usual":
            return early or self._effect(call, request)
        if fault.ends == "hung":
            await self._pause(None)
        return fault.answer if fault.ends == "answered" else None

    async def _carry_out(self, call: Call, request: Request) -> Answer:
        return self._effect(call, request)

    def _effect(self, call: Call, request: Request) -> Answer:
        before = self._account.revision
        try:
            answer = self._perform(request)
        except Refusal as refusal:
            answer = refusal.answer
        call.took_effect = self._account.revision != before
        return answer

    def _arrived(self, request: Request) -> Call:
        call = Call(
            method=request.method,
            path="/" + "/".join(request.path),
            query={name: request.query.getall(name) for name in request.query},
            from_email=request.sender,
            body=_readable(request.body),
            at=self._account.clock.now(),
        )
        self.log.append(call)
        return call

    def _reply(self, answer: Answer) -> web.Response:
        headers = {**answer.headers, "Date": format_datetime(self._account.clock.now(), usegmt=True)}
        if isinstance(answer.body, str):
            return web.Response(text=answer.body, status=answer.status, headers=headers)
        return web.json_response(answer.body, status=answer.status, headers=headers)

    async def _pause(self, seconds: float | None) -> None:
        """Wait so many seconds, or for ever, but not beyond the end of the sandbox."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _cut(request: web.Request) -> web.Response:
    """Cut the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _code(answer: Answer) -> int | None:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def _readable(body: bytes) -> Json | list[object] | str | None:
    text = body.decode(errors="replace")
    try:
        decoded = json.loads(text) if text else None
    except ValueError:
        return text
    return decoded if decoded is None or isinstance(decoded, dict | list) else text
