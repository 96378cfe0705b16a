"""Servers of the tests as processes, of which many are started."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pagebridge.local.child_process import Child

SETPRIV = shutil.which("setpriv")
"""A program of Linux that lets another one end with what has started it."""


class SpawnedServer(Child):
    """
    A child process that is started without a fork of this one.

    A fork copies the memory of this process: with all tests in it, that takes longer than a server takes to start.
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


def start_server(command: Sequence[str | Path], output: Path) -> Child:
    """Start a server, which prints to the end of the file `output`."""
    return SpawnedServer(SETPRIV, command, output) if SETPRIV else Child(command, output=output)
