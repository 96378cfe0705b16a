"""The way every call takes: it is logged, it may go wrong on demand, it takes effect, it is answered."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate

from aiohttp import web

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.calls import Call
from pagebridge_sandbox.slack.fault_plan import RandomFaults
from pagebridge_sandbox.slack.faults import Fault, Faults
from pagebridge_sandbox.slack.responses import Response
from pagebridge_sandbox.slack.workspace import Workspace

Perform = Callable[[], Response]
"""Carries out a call, at once."""


class RequestPipeline:
    """Lets calls in. `log` holds all of them, from the moment they arrive."""

    def __init__(self, workspace: Workspace, faults: Faults, random_faults: RandomFaults) -> None:
        self._workspace = workspace
        self._faults = faults
        self._random_faults = random_faults
        self.log: list[Call] = []
        self._closing = asyncio.Event()
        self._delayed_effects: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """Let go of the calls that hang, and drop the effects that are still to come."""
        self._closing.set()
        for timer in self._delayed_effects:
            timer.cancel()

    def record_call(self, method: str, arguments: Arguments) -> Call:
        """Write a new call into the log."""
        call = Call(method, dict(arguments.values), arguments.encoding, self._workspace.clock.now())
        self.log.append(call)
        self._workspace.changes.notify()
        return call

    async def handle(self, request: web.Request, call: Call, perform: Perform) -> web.StreamResponse:
        """Carry out the call and answer it, unless a fault will have it otherwise."""
        fault = self._faults.take(call) or self._random_faults.for_call(call)
        if fault is None:
            return self._to_http(call, _execute(call, perform))
        call.injected = True
        await self._sleep(fault.delay)
        if fault.ending == "as usual":
            return self._to_http(call, _execute(call, perform))
        return await self._apply_fault(request, call, perform, fault)

    async def _apply_fault(
        self, request: web.Request, call: Call, perform: Perform, fault: Fault
    ) -> web.StreamResponse:
        if fault.after_effect:
            _execute(call, perform)
        if fault.effect_after is not None:
            self._delayed_effects.append(
                asyncio.get_running_loop().call_later(fault.effect_after, _execute, call, perform)
            )
        if fault.ending == "answered":
            return self._to_http(call, fault.response)
        if fault.ending == "hung":
            await self._sleep(None)
        call.ok, call.error, call.answered_at = False, "dropped", self._workspace.clock.now()
        self._workspace.changes.notify()
        if request.transport:
            request.transport.abort()
        return web.Response()

    def _to_http(self, call: Call, answer: Response) -> web.StreamResponse:
        call.http_status, call.ok, call.error = answer.status, answer.ok, answer.error
        call.answered_at = self._workspace.clock.now()
        self._workspace.changes.notify()
        headers = {"Date": formatdate(call.answered_at, usegmt=True), **answer.headers}
        if isinstance(answer.body, str):
            return web.Response(text=answer.body, status=answer.status, headers=headers)
        return web.json_response(answer.body, status=answer.status, headers=headers)

    async def _sleep(self, seconds: float | None) -> None:
        """Wait so many seconds, or for ever, but not beyond the end of the sandbox."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _execute(call: Call, perform: Perform) -> Response:
    answer = perform()
    call.took_effect = answer.ok
    return answer
