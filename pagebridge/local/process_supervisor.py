"""Keeps several processes running: one that dies is restarted, until it has died too often."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pagebridge.local.child_process import Child
from pagebridge.local.embedded_valkey import EmbeddedValkey, EmbeddedValkeyError

FAILED, MISCONFIGURED = 1, 2
"""Exit codes: something broke; the process would end in the same way if it were started again."""


@dataclass(frozen=True)
class Patience:
    """
    How long what may last, in seconds, and how often a process may die.

    Before a process is started again there is a pause: `first`, then twice as long each time up to `most`. After
    `deaths` deaths in a row, none of which came after `settled` seconds of life, it is given up: after about an hour,
    since a worker that starts while Slack or Redis is down ends at once. `grace` is what it has for its work in hand
    once it is told to end; longer than the processes' own.
    """

    first: float = 1.0
    most: float = 60.0
    settled: float = 120.0
    deaths: int = 60
    grace: float = 20.0


class Process:
    """A process called `name` where people read of it. Exit codes are negative for a signal."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it."""
        self._child = Child(self._command, environment=self._environment)

    async def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        return await self._child.wait() if self._child else 0

    async def stop(self, grace: float) -> int:
        """Ask it to end, and make it end after `grace` seconds. Returns its exit code."""
        return await self._child.stop(grace) if self._child else 0

    def reload(self) -> None:
        """Send SIGHUP: make it reload its configuration."""
        if self._child is not None:
            self._child.send(signal.SIGHUP)


class Store(Process):
    """The embedded Valkey as one of the processes; its owner starts it before the others, and stops it after them."""

    def __init__(self, valkey: EmbeddedValkey) -> None:
        super().__init__("the embedded Valkey", (), {})
        self._valkey = valkey

    async def start(self) -> None:
        """Start it, unless it runs."""
        await self._valkey.start()

    async def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        return await self._valkey.wait()


class Supervisor:
    """Runs `parts` until `stop`, or until one is given up (`MISCONFIGURED`: at once). `tell` takes operators' words."""

    def __init__(
        self,
        parts: Sequence[Process],
        patience: Patience | None = None,
        tell: Callable[[str], object] = sys.stderr.write,
    ) -> None:
        self._parts = parts
        self._patience = patience or Patience()
        self._tell = tell
        self._stopping = asyncio.Event()
        self._codes: list[int] = []

    def stop(self) -> None:
        """Ask all parts to finish what they have in hand, and end."""
        self._stopping.set()

    def reload(self) -> None:
        """Make all parts reload their configuration."""
        for part in self._parts:
            part.reload()

    async def run(self) -> int:
        """Run all parts; return 0, or the code of the one that was given up or ended badly (128 + n: signal n)."""
        async with asyncio.TaskGroup() as group:
            for part in self._parts:
                group.create_task(self._keep(part))
        return next((code if code > 0 else 128 - code for code in self._codes if code), 0)

    async def _keep(self, part: Process) -> None:
        """Start a part, again and again, until everything is to end."""
        deaths = 0
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._life(part)
            if code is None:
                return
            deaths = 1 if time.monotonic() - begun >= self._patience.settled else deaths + 1
            if code == MISCONFIGURED or deaths >= self._patience.deaths:
                self._give_up(part, code, deaths)
                return
            pause = min(self._patience.first * 2 ** (deaths - 1), self._patience.most)
            self._tell(f"{part.name} {_how(code)}; restarting in {pause:g} s\n")
            await self._unless_stopping(asyncio.sleep(pause, 0))

    async def _life(self, part: Process) -> int | None:
        """Start it and wait until it ends by itself; return how, or None when it was stopped with everything else."""
        try:
            await part.start()
        except EmbeddedValkeyError as error:
            self._tell(f"{error}\n")
            return FAILED
        code = await self._unless_stopping(part.wait())
        if code is None:
            self._codes.append(await part.stop(self._patience.grace))
        return code

    def _give_up(self, part: Process, code: int, deaths: int) -> None:
        why = "its configuration is wrong" if code == MISCONFIGURED else f"{deaths} times in a row"
        self._tell(f"GIVING UP: {part.name} {_how(code)}, {why}. Everything is stopped; see its output above.\n")
        self._codes.insert(0, code or FAILED)
        self._stopping.set()

    async def _unless_stopping(self, awaited: Coroutine[Any, Any, int]) -> int | None:
        """Wait for something, but not beyond the order to stop: then None."""
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(awaited)
            stopping = group.create_task(self._stopping.wait())
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            done = waiting.done()
            waiting.cancel()
            stopping.cancel()
        return waiting.result() if done else None


def _how(code: int) -> str:
    if code >= 0:
        return f"exited with code {code}"
    name = str(-code)
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return f"was ended by {name}"
