"""
Processes that are forked from one that has imported the bridge already, so that a test need not wait for imports.

Like `python -m <module>` otherwise: an environment, a process group and output of its own, killed like any other. The
commands that people type are started without this by the tests of the command line, of the demo and of play; only
what the browser tests of play ask `pagebridge why` is forked.

What aiohttp trusts is read when it is imported: all of these processes trust the authority of the tests.
"""

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing import forkserver
from pathlib import Path

from pagebridge.local.child_process import die_with
from tests.authority import OPENSSL, authority

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])
TRUSTED = "SSL_CERT_FILE"
"""The variable that names the certificates to trust."""


def prepare() -> None:
    """Begin the imports, if no process of this session has asked for them before. Does not wait for them."""
    with _trusting(authority().certificate) if OPENSSL else nullcontext():
        forkserver.ensure_running()


@contextmanager
def _trusting(certificate: Path) -> Iterator[None]:
    """Let a process that is started trust what `certificate` certifies."""
    before = os.environ.get(TRUSTED)
    os.environ[TRUSTED] = str(certificate)
    try:
        yield
    finally:
        del os.environ[TRUSTED]
        if before is not None:
            os.environ[TRUSTED] = before


class ForkedProcess:
    """
    `python -m <module> <arguments>`, which ends with this process at the latest.

    Its output goes to the end of the file `output`; what it says of errors goes to `errors`, if that is given.
    """

    def __init__(
        self,
        module: str,
        environment: Mapping[str, str],
        output: Path,
        arguments: Sequence[str] = (),
        errors: Path | None = None,
    ) -> None:
        prepare()
        sinks = (output, errors or output)
        for sink in sinks:
            sink.touch(0o600)
        self._process = _CONTEXT.Process(
            target=_run, args=([module, *arguments], dict(environment), sinks), daemon=True
        )
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


async def run_pagebridge(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run `pagebridge`, and return what it prints. It is killed when this is cancelled."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "output"
        command = ForkedProcess("pagebridge", environment, output, arguments)
        try:
            await command.wait()
        finally:
            command.send(signal.SIGKILL)
        return await asyncio.to_thread(output.read_text, encoding="utf-8")


def _run(command: Sequence[str], environment: Mapping[str, str], sinks: Sequence[Path]) -> None:
    die_with(os.getppid())
    os.setpgid(0, 0)
    os.umask(0o077)
    for stream, path in enumerate(sinks, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
