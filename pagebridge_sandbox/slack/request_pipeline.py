"""The way every call takes: it is logged, it may go wrong on demand, it takes effect, it is answered."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate

from aiohttp import web

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.calls import Call
from pagebridge_sandbox.slack.fault_plan import Chance
from pagebridge_sandbox.slack.faults import Fault, Faults
from pagebridge_sandbox.slack.responses import Answer
from pagebridge_sandbox.slack.workspace import Workspace

Perform = Callable[[], Answer]
"""Carries out a call, at once."""


class Gate:
    """Lets calls in. `log` holds all of them, from the moment they arrive."""

    def __init__(self, workspace: Workspace, faults: Faults, chance: Chance) -> None:
        self._workspace = workspace
        self._faults = faults
        self._chance = chance
        self.log: list[Call] = []
        self._closing = asyncio.Event()
        self._late: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """Let go of the calls that hang, and drop the effects that are still to come."""
        self._closing.set()
        for timer in self._late:
            timer.cancel()

    def arrived(self, method: str, arguments: Arguments) -> Call:
        """Write a new call into the log."""
        call = Call(method, dict(arguments.values), arguments.encoding, self._workspace.clock.now())
        self.log.append(call)
        self._workspace.changes.notify()
        return call

    async def answer(self, request: web.Request, call: Call, perform: Perform) -> web.StreamResponse:
        """Carry out the call and answer it, unless a fault will have it otherwise."""
        fault = self._faults.take(call) or self._chance.for_call(call)
        if fault is None:
            return self._reply(call, _effect(call, perform))
        call.injected = True
        await self._pause(fault.delay)
        if fault.ends == "as usual":
            return self._reply(call, _effect(call, perform))
        return await self._fail(request, call, perform, fault)

    async def _fail(self, request: web.Request, call: Call, perform: Perform, fault: Fault) -> web.StreamResponse:
        if fault.after_effect:
            _effect(call, perform)
        if fault.effect_after is not None:
            self._late.append(asyncio.get_running_loop().call_later(fault.effect_after, _effect, call, perform))
        if fault.ends == "answered":
            return self._reply(call, fault.answer)
        if fault.ends == "hung":
            await self._pause(None)
        call.ok, call.error, call.answered = False, "dropped", self._workspace.clock.now()
        self._workspace.changes.notify()
        if request.transport:
            request.transport.abort()
        return web.Response()

    def _reply(self, call: Call, answer: Answer) -> web.StreamResponse:
        call.http_status, call.ok, call.error = answer.status, answer.ok, answer.error
        call.answered = self._workspace.clock.now()
        self._workspace.changes.notify()
        headers = {"Date": formatdate(call.answered, usegmt=True), **answer.headers}
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


def _effect(call: Call, perform: Perform) -> Answer:
    answer = perform()
    call.effect = answer.ok
    return answer
