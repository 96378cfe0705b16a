"""Starting everything, saying where it is, and ending everything."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from pagebridge.local.embedded_valkey import EmbeddedValkeyError
from pagebridge_sandbox.demo import output
from pagebridge_sandbox.demo.processes import ProcessFailed
from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.play.game import running_game
from pagebridge_sandbox.play.web import PlayServer

EXIT_OK, EXIT_FAILED = 0, 1
"""Exit codes."""
PORT = 8765


def main(port: int = PORT, host: str = HOST, *, browser: bool = True) -> int:
    """
    Play until Ctrl-C, SIGTERM or the end of the terminal, with the page on this port of `host`; 0 takes a free one.

    With `browser` the page is opened where there is a browser. Returns the exit code: 0, or 1 when it could not start.
    """
    if not _is_free(host, port):
        sys.stderr.write(f"Port {port} is in use: choose another one with --port, or 0 for any.\n")
        return EXIT_FAILED
    directory = Path(tempfile.mkdtemp(prefix="pagebridge-play-"))
    code = EXIT_FAILED
    try:
        code = asyncio.run(_until_stopped(directory, (host, port), browser=browser))
    except* (ProcessFailed, EmbeddedValkeyError, OSError) as errors:
        sys.stderr.writelines(f"Could not go on: {error}\n" for error in single_errors(errors))
    finally:
        if code == EXIT_FAILED:
            sys.stderr.write(f"The logs of receiver, worker and Valkey are in {directory}\n")
        else:
            shutil.rmtree(directory)
    return code


async def _until_stopped(directory: Path, place: tuple[str, int], *, browser: bool) -> int:
    """Play until a signal comes. A second one changes nothing: everything is being ended already."""
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(_play(directory, place, browser=browser))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _cancel_once, playing)
        loop.add_signal_handler(signal.SIGHUP, _hang_up, playing)
    return EXIT_OK


async def _play(directory: Path, place: tuple[str, int], *, browser: bool) -> None:
    _write("Starting a Slack, a PagerDuty and the bridge between them ...")
    async with running_game(directory) as game, PlayServer(game).listening(*place) as server:
        whence = "only from this machine" if place[0] == HOST else f"it listens on {place[0]}"
        _write(f"Play at {server.url} ({whence}). Ctrl-C ends everything.")
        if browser and _has_browser():
            await asyncio.to_thread(webbrowser.open, server.url)
        try:
            await asyncio.Event().wait()
        finally:
            _write("Stopping ...")


def single_errors(error: BaseException) -> Iterator[BaseException]:
    """Give the errors that a group holds, also within groups: only they say in words what went wrong."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from single_errors(each)
    else:
        yield error


def _cancel_once(playing: asyncio.Task[None]) -> None:
    if not playing.cancelling():
        playing.cancel()


def _hang_up(playing: asyncio.Task[None]) -> None:
    output.discard()
    _cancel_once(playing)


def _is_free(host: str, port: int) -> bool:
    try:
        socket.create_server((host, port)).close()
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
