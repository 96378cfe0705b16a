"""A small `pagebridge play` in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from pagebridge_sandbox.loopback import without_proxies

COMMAND = (sys.executable, "-m", "tests.pagebridge_sandbox.page.small_play")
THE_END = ""
"""Follows the last line of output."""


class Playing:
    """A play that is being begun, or runs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            COMMAND, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=without_proxies(os.environ)
        )
        self._said = SimpleQueue[str]()
        # Its output is read until it ends: it would stop once the pipe is full.
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as output:
                for line in output:
                    self._said.put(line)
        finally:
            self._said.put(THE_END)

    def wait_for_url(self) -> str:
        """Wait until one can play, and return the address of the page. Raises `AssertionError` when it has ended."""
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/", said)):
            line = self._said.get()
            assert line != THE_END, said
            said += line
        return found[0]

    def stop(self) -> None:
        """Send SIGTERM; return at once."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Wait for the end of it and of all that it has started, or make it end."""
        self._reading.join(timeout=60)
        self._process.kill()
        self._process.wait()


@contextmanager
def begin_play() -> Iterator[Playing]:
    """Begin to play, without waiting until that is possible; it has ended when this is left."""
    playing = Playing()
    try:
        yield playing
    finally:
        playing.stop()
        playing.wait()


@contextmanager
def run_play() -> Iterator[str]:
    """Play, with the address of the page, until left."""
    with begin_play() as playing:
        yield playing.wait_for_url()
