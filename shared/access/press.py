"""
What the commands of one press have in common is read once: who pressed, and what the teams say of them.

Permission is decided on data read for this very press. One press can carry fifty commands; so what was read after it,
for one of them, serves the others for a few seconds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.errors import Unavailable
from shared.model.command import Command

T = TypeVar("T")

KEPT = 10.0
"""Seconds after which it is read again for the next command of the same press."""


@dataclass(frozen=True)
class Press:
    """What has been read, or is being read, for one press since `begun`."""

    begun: float
    reads: dict[Hashable, asyncio.Future[Any]] = field(default_factory=dict)


_PRESS: ContextVar[Press | None] = ContextVar("press", default=None)


@dataclass(frozen=True)
class Presses:
    """The presses whose commands are carried out. `now` gives seconds on a clock that only goes forward."""

    now: Callable[[], float] = time.monotonic
    recent: dict[tuple[str, int], Press] = field(default_factory=dict)

    @contextmanager
    def of(self, command: Command) -> Iterator[None]:
        """Let `read_once` share what is read inside with the other commands of the press that `command` is from."""
        key, now = (command.by.id, command.requested_ms), self.now()
        for old in [each for each, press in self.recent.items() if now - press.begun > KEPT]:
            del self.recent[old]
        before = _PRESS.set(self.recent.setdefault(key, Press(now)) if command.requested_ms else None)
        try:
            yield
        finally:
            _PRESS.reset(before)


async def read_once(key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
    """Return what `read` gives, or has given under `key` for this press; a failure goes to those who wait for it."""
    press = _PRESS.get()
    if press is None:
        return await read()
    if key in press.reads:
        shared: T = await asyncio.shield(press.reads[key])
        return shared
    reading = press.reads[key] = asyncio.get_running_loop().create_future()
    try:
        found = await read()
    except BaseException as error:
        del press.reads[key]
        reading.set_exception(error if isinstance(error, Exception) else Unavailable("the read was given up"))
        reading.exception()  # there may be nobody who waits for it
        raise
    reading.set_result(found)
    return found
