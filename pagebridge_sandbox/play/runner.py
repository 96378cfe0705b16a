"""Starting everything, saying where it is, and ending everything."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
import webbrowser
from pathlib import Path

from pagebridge_sandbox.demo.processes import ProcessFailed
from pagebridge_sandbox.play.playground import Playground, open_playground
from pagebridge_sandbox.play.web import HOST, PlayServer

EXIT_OK, EXIT_FAILED = 0, 1
"""Exit codes."""
PORT = 8765
READY_TIMEOUT = 60.0
"""Seconds that receiver and worker may take to become ready."""
POLL_INTERVAL = 0.05
WARM_UP = 2.5
"""Seconds until an incident is surely younger than the bridge's store. For an older one, cards are looked for first."""


def main(port: int = PORT, *, browser: bool = True) -> int:
    """
    Play until Ctrl-C or SIGTERM, with the page on this port of 127.0.0.1; 0 takes a free one.

    With `browser` the page is opened where there is a browser. Returns the exit code: 0, or 1 when it could not start.
    """
    if not _is_free(port):
        sys.stderr.write(f"Port {port} is in use: choose another one with --port, or 0 for any.\n")
        return EXIT_FAILED
    directory = Path(tempfile.mkdtemp(prefix="pagebridge-play-"))
    code = EXIT_FAILED
    try:
        code = asyncio.run(_play(directory, port, browser=browser))
    except (ProcessFailed, OSError) as error:
        sys.stderr.write(f"Could not start: {error}\n")
    finally:
        if code == EXIT_FAILED:
            sys.stderr.write(f"The logs of receiver, worker and Valkey are in {directory}\n")
        else:
            shutil.rmtree(directory)
    return code


async def _play(directory: Path, port: int, *, browser: bool) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    _write("Starting a Slack, a PagerDuty and the bridge between them ...")
    async with open_playground(directory) as playground:
        if not await _ready(playground, stopping):
            return EXIT_OK
        async with PlayServer(playground).listening(port) as server:
            _write(f"Play at {server.url} (only from this machine). Ctrl-C ends everything.")
            if browser and _has_browser():
                await asyncio.to_thread(webbrowser.open, server.url)
            await stopping.wait()
            _write("Stopping ...")
    return EXIT_OK


async def _ready(playground: Playground, stopping: asyncio.Event) -> bool:
    """Wait for receiver and worker; False when it is stopped before. Raises `ProcessFailed`."""
    deadline = asyncio.get_running_loop().time() + READY_TIMEOUT
    while not await playground.bridge.is_ready():
        playground.bridge.require_running()
        if asyncio.get_running_loop().time() > deadline:
            raise ProcessFailed(f"receiver and worker are not ready after {READY_TIMEOUT:.0f} s")
        if stopping.is_set():
            return False
        await asyncio.sleep(POLL_INTERVAL)
    await asyncio.sleep(WARM_UP)
    return not stopping.is_set()


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _has_browser() -> bool:
    """Whether a window can be opened here: on a Linux without a display it would be a browser in the terminal."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
