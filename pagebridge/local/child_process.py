"""Child processes that never outlive this one, and that a Ctrl-C in the terminal does not reach before us."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """
    A running child process in a process group of its own.

    On Linux it is sent SIGTERM should this process die without having stopped it. `output` is the file that takes what
    it prints; without one it prints where we do. It inherits the open files `keep`, and no other. The files that it
    makes are for this user alone, also under an open umask.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        output: Path | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        sink = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if output else None
        parent = os.getpid()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the commands are ours
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                pass_fds=keep,
                umask=0o077,
                process_group=0,
                preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 - two system calls, no lock is taken
            )
        finally:
            if sink is not None:
                os.close(sink)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        self._process.send_signal(number)

    async def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        return await asyncio.to_thread(self._process.wait)

    async def stop(self, grace: float) -> int:
        """Send SIGTERM, and SIGKILL if it still runs after `grace` seconds. Returns its exit code."""
        self.send(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._process.wait, grace)
        except subprocess.TimeoutExpired:
            return await self.kill()

    async def kill(self) -> int:
        """Send SIGKILL and wait. Returns its exit code."""
        self.send(signal.SIGKILL)
        return await self.wait()


def die_with(parent: int) -> None:
    """In a child: ask for SIGTERM when `parent` dies, and end at once if that has happened already."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
