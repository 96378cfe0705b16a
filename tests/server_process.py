"""Servers of the tests as processes, of which many are started."""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pagebridge.local.child_process import Child

SETPRIV = shutil.which("setpriv")
"""A program of Linux that lets another one end with what has started it."""


class SpawnedServer:
    """
    A server that ends with this process, as a `Child` does.

    A `Child` is forked, for which the memory of this process has to be copied: with all tests in it, that takes longer
    than a server takes to start.
    """

    def __init__(self, setpriv: str, command: Sequence[str | Path], output: Path) -> None:
        with output.open("ab") as sink:
            self._process = subprocess.Popen(  # noqa: S603 -- ours
                [setpriv, "--pdeathsig", "TERM", *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                umask=0o077,
                process_group=0,
            )
        self.pid = self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        self._process.send_signal(number)

    async def kill(self) -> int:
        """Send SIGKILL and wait. Returns its exit code."""
        self.send(signal.SIGKILL)
        return await asyncio.to_thread(self._process.wait)


def start_server(command: Sequence[str | Path], output: Path) -> SpawnedServer | Child:
    """Start a server, which prints to the end of the file `output`."""
    return SpawnedServer(SETPRIV, command, output) if SETPRIV else Child(command, output=output)
