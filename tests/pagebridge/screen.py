"""A terminal, and a process at it."""

import asyncio
import os
import pty
import subprocess
import sys

START = 60.0
"""Seconds that a start or an end may take, on a machine that is busy with other tests."""


class Screen:
    """A process at a terminal of 80 columns, and what stands on it."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
        self.process = subprocess.Popen(  # noqa: S603 -- our own command
            [sys.executable, *command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.text = ""
        self._changed, self._left = asyncio.Event(), asyncio.Event()
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    async def comes(self, words: str) -> None:
        """Wait until these words have been shown."""
        async with asyncio.timeout(START):
            while words not in self.text:
                self._changed.clear()
                await self._changed.wait()

    async def ended(self) -> int:
        """Wait until the process has ended and all is shown, and return its exit code."""
        async with asyncio.timeout(START):
            await self._left.wait()
            return await asyncio.to_thread(self.process.wait)

    def close(self) -> None:
        """Leave the terminal, and kill the process if it still runs."""
        self.process.kill()
        self.process.wait()
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)

    def _read(self) -> None:
        try:
            some = os.read(self._ours, 65536)
        except OSError:  # on Linux, when no process is at the terminal any more
            some = b""
        if not some:
            asyncio.get_running_loop().remove_reader(self._ours)
            self._left.set()
        self.text += some.decode(errors="replace")
        self._changed.set()
