"""The bridge's processes under a supervisor that starts again whatever ends."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from pagebridge.local.child_process import Child
from pagebridge.local.embedded_valkey import EmbeddedValkey
from tests.proof.chaos.run_log import Journal

MOMENT = 0.4
"""Seconds after which a supervisor starts a process again."""
LOOK = 0.02


class Member:
    """One process of the bridge: `python -m <module>`, again and again. What each of them says is in `log`."""

    def __init__(self, name: str, module: str, environment: Mapping[str, str], log: Path, journal: Journal) -> None:
        self.name = name
        self.log = log
        self._command = (sys.executable, "-m", module)
        self._environment = environment
        self._journal = journal
        self._child = self._started()
        self._mourned = False

    async def kept(self) -> None:
        """Supervise it until cancelled."""
        while True:
            if self._child.code is not None:
                if not self._mourned:
                    self._journal.note(f"{self.name} ended by itself, exit code {self._child.code}")
                await asyncio.sleep(MOMENT)
                self._child, self._mourned = self._started(), False
            await asyncio.sleep(LOOK)

    async def kill(self) -> None:
        """Kill it with -9; the supervisor will see."""
        self._mourned = True
        await self._child.kill()

    async def pause(self, seconds: float) -> None:
        """Let it stand still for so long."""
        self._child.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._child.send(signal.SIGCONT)

    async def end(self) -> None:
        """End it for good, whatever state it is in."""
        await self._child.kill()

    def _started(self) -> Child:
        return Child(self._command, environment=self._environment, output=self.log)


class Store:
    """The Valkey, which its supervisor starts again too."""

    def __init__(self, valkey: EmbeddedValkey, directory: Path, journal: Journal) -> None:
        self.valkey = valkey
        self._directory = directory
        self._journal = journal

    async def kill(self) -> None:
        """Kill it with -9, and start it again with its data."""
        begun = time.time()
        await self.valkey.kill()
        await asyncio.sleep(MOMENT)
        await self.valkey.start()
        self._journal.trouble(begun)

    async def pause(self, seconds: float) -> None:
        """Let it stand still for so long: it takes connections and bytes, and answers nothing."""
        begun, pid = time.time(), self.valkey.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
            self._journal.trouble(begun)

    async def lose_everything(self) -> None:
        """Kill it with -9, take its disk away, and start it again with nothing."""
        await self.valkey.kill()
        shutil.rmtree(self._directory / "appendonlydir")
        await self.valkey.start()
