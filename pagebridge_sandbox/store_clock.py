"""A store whose clock can be put forward or back while it runs: the embedded Valkey under libfaketime."""

import shlex
from pathlib import Path

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
"""The library that does it, None where it is not installed."""


class StoreClock:
    """The clock of a server, which is written in a file in `directory`."""

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
