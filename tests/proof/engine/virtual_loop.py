"""
An event loop whose time is virtual: no sockets, no threads, no waiting.

When nothing is ready it jumps to the next timer. The same program, seed included, runs the same way every time.
"""

import asyncio
import gc
import math
from asyncio import Handle, TimerHandle
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

OWNER: ContextVar[object] = ContextVar("owner", default=None)
"""Whose code is running; whatever that starts inherits it. `VirtualLoop.freeze` stops everything of one owner."""
MOST_ROUNDS = 100_000
"""Rounds of the loop within one moment, after which it counts as running in circles."""
ENDING = 3600.0
"""Virtual seconds that cancelled tasks may take to end."""


class DeadEnd(Exception):
    """Raised when the simulation cannot go on: nothing is ready and no timer runs, or it runs in circles."""


class OutOfTime(Exception):
    """Raised when the main coroutine has not ended by the virtual time that it was given."""


class NumberedTask(asyncio.Task[T]):
    """A task that lies in a set by its number: asyncio keeps sets, and cancels in their order, else that of memory."""

    _number: int

    def __new__(cls, _coro: object, *, loop: "VirtualLoop", **_: object) -> "NumberedTask[T]":
        """Give it the next number of its loop; asyncio hashes it before it is fully made."""
        task = super().__new__(cls)
        task._number = next(loop.numbers)
        return task

    def __hash__(self) -> int:
        return self._number

    __eq__ = object.__eq__


class VirtualLoop(asyncio.BaseEventLoop):
    """
    One run: make a loop, call `run` once. Time begins at 0.

    `outside` is the context of what has no owner. `over` says that the main coroutine has ended.
    """

    # What asyncio.BaseEventLoop keeps, and its type stubs do not show.
    _ready: deque[Handle]

    def __init__(self) -> None:
        super().__init__()
        self.outside = Context()
        self.over = False
        self.numbers = count()
        self._timed = count()
        self._timers: list[tuple[float, int, TimerHandle]] = []
        self._now = 0.0
        self._until = math.inf
        self._rounds = 0
        self._tasks: dict[asyncio.Task[Any], object] = {}
        self._failed: list[asyncio.Task[Any]] = []
        self._errors: list[BaseException] = []
        self._frozen: dict[object, list[Handle]] = {}

    def time(self) -> float:
        """Give the virtual time in seconds."""
        return self._now

    def run(self, main: Callable[[], Coroutine[Any, Any, T]], *, until: float) -> T:
        """
        Run what `main` makes to its end, cancel whatever else still runs, close the loop, and give the result.

        Raises `OutOfTime` when it takes longer than `until` virtual seconds, `DeadEnd` when it cannot go on, and an
        exception group with the errors of tasks and callbacks that nobody else has noticed.
        """
        self._until = until
        with _without_garbage_collector():
            try:
                result = self.run_until_complete(main())
            finally:
                self._end()
        if self._errors:
            raise BaseExceptionGroup("nobody noticed", self._errors)
        return result

    def freeze(self, owner: object) -> None:
        """Let nothing of `owner` run; what becomes ready waits."""
        self._frozen.setdefault(owner, [])

    def thaw(self, owner: object) -> None:
        """Let `owner` run again, beginning with what has become ready, in that order."""
        self._ready.extend(self._frozen.pop(owner, ()))

    def tasks_of(self, owner: object) -> list[asyncio.Task[Any]]:
        """List the unfinished tasks of `owner`, oldest first."""
        return [task for task, whose in self._tasks.items() if whose is owner]

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """Start a task, and remember whose it is."""
        task: asyncio.Task[T] = NumberedTask(coro, loop=self, name=name, context=context)
        self._tasks[task] = OWNER.get() if context is None else context.get(OWNER)
        task.add_done_callback(self._ended, context=self.outside)
        return task

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> TimerHandle:
        """Call `callback` then; what is due in the same moment is called in the order of asking."""
        timer = TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._timed), timer))
        return timer

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep an error that nobody noticed, so that the run fails with it."""
        self._errors.append(context.get("exception") or RuntimeError(context["message"]))

    def run_in_executor(self, *_: object) -> Any:  # noqa: ANN401 -- as asyncio declares it
        """Refuse: a thread takes as long as it likes, and no run would be like another."""
        raise NotImplementedError("there are no threads in virtual time")

    def _run_once(self) -> None:
        """Do one round: everything that is ready, or the next timers if nothing is."""
        self._rounds += 1
        if not self._ready:
            self._jump()
        elif self._rounds > MOST_ROUNDS:
            raise DeadEnd(f"runs in circles at {self._now:.3f} s")
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle._cancelled and not (self._frozen and self._held(handle)):
                handle._run()

    def _jump(self) -> None:
        """Go to the moment of the next timer, and make ready what is due then."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not timers:
            raise DeadEnd(f"nothing is left to wait for at {self._now:.3f} s")
        self._now = max(self._now, timers[0][0])
        self._rounds = 0
        if self._now > self._until:
            raise OutOfTime(f"not done by {self._until:.3f} s")
        while timers and timers[0][0] <= self._now:
            self._ready.append(heappop(timers)[2])

    def _held(self, handle: Handle) -> bool:
        """Put a handle of a frozen owner aside, and tell whether it was one."""
        waiting = self._frozen.get(handle._context.get(OWNER))  # type: ignore[attr-defined]  # as above
        if waiting is not None:
            waiting.append(handle)
        return waiting is not None

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        if not task.cancelled() and task._exception is not None:
            self._failed.append(task)

    def _end(self) -> None:
        self.over = True
        self._until = self._now + ENDING
        self._rounds = 0
        for owner in list(self._frozen):
            self.thaw(owner)
        try:
            self.run_until_complete(self._cancel_all())
        finally:
            self._errors += [task._exception for task in self._failed if task._exception and task._log_traceback]
            for task in self._failed:
                task._log_traceback = False
            self.close()

    async def _cancel_all(self) -> None:
        while others := [task for task in self._tasks if task is not asyncio.current_task()]:
            for task in others:
                task.cancel()
            await asyncio.wait(others)
        await self.shutdown_asyncgens()

    def _write_to_self(self) -> None:
        """Do nothing: there is no other thread that would have to wake this one."""


@contextmanager
def _without_garbage_collector() -> Generator[None]:
    """Switch it off: what it finalises, and when, depends on what ran in this interpreter before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
