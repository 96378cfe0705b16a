"""
A server whose clock a test puts forward or back while it runs: the embedded Valkey.

Debian's `redis-server` does not start under libfaketime, because its allocator asks for the time too early.
"""

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pagebridge.local import embedded_valkey
from pagebridge.local.embedded_valkey import EmbeddedValkey

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
NEEDED = pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
"""For what needs such a server."""
HOUR = 3600


class Clock:
    """The clock of a server, which is written in a file."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock"
        self.put(0)

    def put(self, seconds: int) -> None:
        """Let it be so many seconds fast (or slow) from now on."""
        self._file.write_text(f"{seconds:+d}\n", encoding="utf-8")

    def server(self, server: Path) -> Path:
        """Make a program that starts `server` with this clock; how much time passes it sees as it is."""
        script = self._file.with_name("server")
        about = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in about.items())
        script.write_text(f'#!/bin/sh\n{settings} exec {shlex.quote(str(server))} "$@"\n', encoding="utf-8")
        script.chmod(0o700)
        return script


@asynccontextmanager
async def stepping(directory: Path) -> AsyncIterator[tuple[EmbeddedValkey, Clock]]:
    """Run a Valkey with a clock that can be put."""
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    clock = Clock(directory)
    binary = clock.server(embedded_valkey._packaged_binary())
    async with EmbeddedValkey(directory / "valkey", binary=binary) as server:
        yield server, clock
