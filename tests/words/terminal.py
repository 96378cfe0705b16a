"""A terminal in which commands are run, and what a person reads there, without what differs from run to run."""

import asyncio
import io
import re
from collections.abc import Mapping

import pytest
from typer import rich_utils

from pagebridge import cli

WIDTH = 110
"""Characters in a line."""
MOVING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "2026-11-28T22:13:20.000Z"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b"), "2026-11-28 22:13:20"),
    (re.compile(r"\b\d{4}d\b"), "1110d"),
    (re.compile(r"\bsecret [0-9a-f]{8}\b"), "secret 1a2b3c4d"),
    (re.compile(r"\b\d{13}-\d\b"), "1795904000000-0"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8080"),
    (re.compile(r"\bport \d+ is in use"), "port 8080 is in use"),
    (re.compile(r"localhost:\d+"), "localhost:8080"),
    (re.compile(r"\bError \d+ connecting"), "Error 111 connecting"),
    (re.compile(r"\b\d+ hours\b"), "26 hours"),
)
"""Times, ids of entries, ports and numbers of the system; most stand for one of the same length."""


class Terminal:
    """Runs `pagebridge`. `names` are what this run calls things, and what stands for them on the page."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setattr(rich_utils, "MAX_WIDTH", WIDTH)
        monkeypatch.setattr(rich_utils, "FORCE_TERMINAL", None)
        monkeypatch.setenv("COLUMNS", str(WIDTH))
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        self.names: dict[str, str] = {}

    async def run(self, line: str, *answers: str, code: int = 0, names: Mapping[str, str] | None = None) -> str:
        """Run one command with `answers` to what it asks, and return what is read, beginning with what was typed."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        self._capsys.readouterr()
        ended = await asyncio.to_thread(cli.main, line.split())
        said = self._capsys.readouterr()
        assert ended == code, said
        self.names.update(names or {})
        shown = self.still(f"$ pagebridge {line}\n{said.out}{said.err}")
        return shown + (f"(exit code {code})\n" if code else "")

    def still(self, text: str) -> str:
        """Put the same in place of what differs from run to run."""
        for name, shown in self.names.items():
            text = text.replace(name, shown)
        for pattern, shown in MOVING:
            text = pattern.sub(shown, text)
        return text
