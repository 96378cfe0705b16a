"""
Processes that are forked from one that has imported the bridge already, so that a test need not wait for imports.

Like `python -m <module>` otherwise: an environment, a process group and output of its own, killed like any other. The
commands that people type are started without this by the tests of the command line, of the demo and of play.
"""

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from multiprocessing import forkserver
from pathlib import Path

from pagebridge.local.child_process import die_with

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["bolt_app.worker", "webhook_receiver.receiver", "tests.stories.durations"])


def prepare() -> None:
    """Begin the imports, if no process of this session has asked for them before. Does not wait."""
    forkserver.ensure_running()


class ForkedProcess:
    """`python -m <module>`, whose output goes to the end of the file `output`; ends with this process at the latest."""

    def __init__(self, module: str, environment: Mapping[str, str], output: Path) -> None:
        output.touch(0o600)
        arguments = (module, dict(environment), output)
        self._process = _CONTEXT.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.code is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        await asyncio.to_thread(self._process.join)
        assert self.code is not None
        return self.code

    async def stop(self, grace: float) -> int:
        """Send SIGTERM, and SIGKILL if it still runs after `grace` seconds. Returns its exit code."""
        self.send(signal.SIGTERM)
        await asyncio.to_thread(self._process.join, grace)
        return await self.kill()

    async def kill(self) -> int:
        """Send SIGKILL and wait. Returns its exit code."""
        self.send(signal.SIGKILL)
        return await self.wait()


def _run(module: str, environment: Mapping[str, str], output: Path) -> None:
    die_with(os.getppid())
    os.setpgid(0, 0)
    os.umask(0o077)
    sink = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(sink, stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
