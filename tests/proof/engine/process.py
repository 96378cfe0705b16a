"""One simulated process: all its calls to the outside go one way, on which it can crash, be stopped, and be cut off."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Generic, Literal, TypeVar

from tests.proof.engine.virtual_loop import OWNER, VirtualLoop

T = TypeVar("T")

What = Literal["crash_before", "crash_after", "pause_before", "pause_after", "fail_before", "fail_after", "fail_late"]


@dataclass(frozen=True)
class Fault:
    """
    What goes wrong at call number `at_call`, counted from 0: of all the process's calls, or of those of one `kind`.

    `crash_*` kills the process, `pause_*` stops it for `seconds` as SIGSTOP does: before the call is sent, or right
    after its effect. `fail_*` lets the call fail with `ConnectionResetError`: without its effect, after it, or with
    the effect still to come `seconds` later.
    """

    at_call: int
    what: What
    seconds: float = 0.0
    kind: str = ""


@dataclass(frozen=True)
class _Call(Generic[T]):
    """A call under way. `answer` is cancelled when nobody waits for it any more."""

    kind: str
    name: str
    effect: Callable[[], T | asyncio.Future[T]]
    answer: asyncio.Future[T]
    fault: Fault | None


class Process:
    """
    One life of one process: once crashed it stays dead, the next life is a new `Process`.

    `latency` is the least and the most that each way of a call takes, in seconds. Calls of the kinds in `outliving`
    that are under way when the process dies still take effect; those of other kinds do not.
    """

    def __init__(
        self,
        name: str,
        rng: Random,
        faults: Iterable[Fault] = (),
        *,
        latency: tuple[float, float] = (0.0002, 0.003),
        outliving: Collection[str] = (),
    ) -> None:
        self.name = name
        self.alive = True
        self._rng = rng
        self._faults = {(fault.kind, fault.at_call): fault for fault in faults}
        self._latency = latency
        self._outliving = frozenset(outliving)
        self._calls: Counter[str] = Counter()
        self._pauses = 0
        self._context = Context()
        self._context.run(OWNER.set, self)

    @property
    def calls(self) -> int:
        """How many calls it has begun; the one at which it died counts."""
        return self._calls[""]

    @property
    def asleep(self) -> bool:
        """Whether it is stopped."""
        return self._pauses > 0

    def start(self, main: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """Start something in this process. Everything that it starts belongs to the process as well."""
        if not self.alive:
            raise RuntimeError(f"{self.name} is dead")
        return _loop().create_task(main(), context=self._context.copy())

    async def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """
        Start `main`, wait for its end, and give its result or raise its error; None when the process has crashed.

        When the waiting is cancelled, so is `main`, and the process lives on.
        """
        task = self.start(main)
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
        return task.result() if self.alive else None

    async def call(self, kind: str, name: str, effect: Callable[[], T | asyncio.Future[T]]) -> T:
        """
        Make a call: `effect` happens at once, at the far side, a moment later; its result or its error comes back.

        When `effect` returns a future, the answer is what comes of that (a blocking read). Only code of this very
        process may call (see `start`). In a process that is dead this raises `CancelledError`.
        """
        if OWNER.get() is not self:
            raise RuntimeError(f"{name} is called from outside {self.name}: use its start or run")
        fault = await self._begin(kind) if self.alive else None
        if not self.alive or _loop().over:
            raise asyncio.CancelledError
        answer: asyncio.Future[T] = _loop().create_future()
        self._travel(self._land, _Call(kind, name, effect, answer, fault))
        return await answer

    def crash(self) -> None:
        """Kill it: its tasks are cancelled, and nothing that they do on their way out reaches anybody."""
        self.alive = False
        for task in _loop().tasks_of(self):
            task.add_done_callback(_forget, context=_loop().outside)
            task.cancel()
        _loop().thaw(self)

    def pause(self, seconds: float | None = None) -> None:
        """Stop it, as SIGSTOP does, until `resume` or for so many seconds; what it has sent still takes effect."""
        if not self.alive:
            return
        self._pauses += 1
        _loop().freeze(self)
        if seconds is not None:
            _loop().call_later(seconds, self.resume, context=_loop().outside)

    def resume(self) -> None:
        """End one pause. Once the last has ended it goes on, with the timers that have run out meanwhile."""
        self._pauses -= 1
        if self._pauses <= 0:
            _loop().thaw(self)

    def monotonic(self) -> float:
        """Read its clock, in virtual seconds; it runs on while the process is stopped."""
        return _loop().time()

    async def _begin(self, kind: str) -> Fault | None:
        """Count a call, let happen what is to happen before it, and return what is to happen with it."""
        fault = self._faults.get((kind, self._calls[kind])) or self._faults.get(("", self._calls[""]))
        self._calls[kind] += 1
        self._calls[""] += 1
        if fault and fault.what == "crash_before":
            self.crash()
        if fault and fault.what == "pause_before":
            self.pause(fault.seconds)
            await asyncio.sleep(0)
        return fault

    def _land(self, call: _Call[T]) -> None:
        """Let a call arrive at the far side."""
        if not self._reaches(call):
            return
        fault = call.fault
        if fault and fault.what in ("fail_before", "fail_after", "fail_late"):
            self._lose(call, fault)
            return
        outcome = _carried_out(call)
        if fault and fault.what == "crash_after":
            self.crash()
        if fault and fault.what == "pause_after":
            self.pause(fault.seconds)
        if outcome.done():
            self._bring_back(call, outcome)
        else:
            outcome.add_done_callback(partial(self._bring_back, call), context=_loop().outside)
            call.answer.add_done_callback(lambda _: outcome.cancel(), context=_loop().outside)

    def _lose(self, call: _Call[T], fault: Fault) -> None:
        if fault.what == "fail_after":
            self._land_unheard(call)
        if fault.what == "fail_late":
            _loop().call_later(fault.seconds, self._land_unheard, call, context=_loop().outside)
        error = _loop().create_future()
        error.set_exception(ConnectionResetError(f"{self.name}: no answer to {call.name}"))
        self._bring_back(call, error)

    def _land_unheard(self, call: _Call[T]) -> None:
        """Let a call have its effect, whose outcome its caller will not hear of."""
        if self._reaches(call):
            outcome = _carried_out(call)
            if not outcome.cancel():
                outcome.exception()

    def _reaches(self, call: _Call[T]) -> bool:
        return not _loop().over and (self.alive or call.kind in self._outliving)

    def _bring_back(self, call: _Call[T], outcome: asyncio.Future[T]) -> None:
        self._travel(_settle, call.answer, outcome)

    def _travel(self, arrive: Callable[..., None], *what: object) -> None:
        least, most = self._latency
        seconds = least + (most - least) * self._rng.random()
        _loop().call_later(seconds, arrive, *what, context=_loop().outside)


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "a Process lives on a VirtualLoop"
    return loop


def _carried_out(call: _Call[T]) -> asyncio.Future[T]:
    """Let a call have its effect, and give what comes of it."""
    outcome: asyncio.Future[T] = _loop().create_future()
    try:
        result = call.effect()
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the caller's
        outcome.set_exception(error)
        outcome.exception()  # the day may end before it gets to the caller; then it concerns nobody
        return outcome
    if isinstance(result, asyncio.Future):
        return result
    outcome.set_result(result)
    return outcome


def _settle(answer: asyncio.Future[T], outcome: asyncio.Future[T]) -> None:
    """Give the caller the outcome, if anybody still waits for it."""
    if outcome.cancelled():
        answer.cancel()
        return
    error = outcome.exception()
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(outcome.result())


def _forget(task: asyncio.Task[Any]) -> None:
    """Take notice of how a task of a dead process ended: it concerns nobody."""
    if not task.cancelled():
        task.exception()
