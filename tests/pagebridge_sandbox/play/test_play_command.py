"""`pagebridge play` as people run it: it says where it is, and leaves nothing behind."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pagebridge_sandbox.loopback import free_ports, without_proxies

COMMAND = (sys.executable, "-m", "pagebridge", "play", "--no-browser", "--port")


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    listed = subprocess.run(("ps", "-eo", "pid=,ppid="), capture_output=True, text=True, check=True)  # noqa: S607 - ours
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found = [child for child, parent in pairs if parent == pid]
    return found + [below for child in found for below in descendants(child)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_plays_until_it_is_stopped(number: signal.Signals) -> None:
    """The address that it prints serves the page; Ctrl-C and SIGTERM end it with everything that it started."""
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory() as directory:
        environment = without_proxies(os.environ) | {"TMPDIR": directory}
        playing = subprocess.Popen(  # noqa: S603 - our own command
            (*COMMAND, str(port)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        try:
            assert playing.stdout is not None
            lines = iter(playing.stdout.readline, "")
            address = next(found[0] for line in lines if (found := re.findall(r"http://127\.0\.0\.1:\d+/", line)))
            assert f"http://127.0.0.1:{port}/" == address
            with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 - this machine
                assert b"<title>" in answer.read()
            children = descendants(playing.pid)
            assert 3 == len(children)

            playing.send_signal(number)
            rest = playing.communicate(timeout=60)[0]
        finally:
            playing.kill()
        assert 0 == playing.returncode, rest
        assert "Traceback" not in rest
        assert [] == [child for child in children if Path(f"/proc/{child}").exists()]
        assert [] == list(Path(directory).iterdir())


def test_a_closed_terminal_ends_it() -> None:
    """Although there is nowhere to write to any more, it ends with all that it started, and leaves nothing behind."""
    terminal, inside = os.openpty()
    with tempfile.TemporaryDirectory() as directory:
        playing = subprocess.Popen(  # noqa: S603 - our own command
            (*COMMAND, "0"),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=without_proxies(os.environ) | {"TMPDIR": directory},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
        )
        os.close(inside)
        printed = b""
        while b"http://127.0.0.1:" not in printed:
            printed += os.read(terminal, 4096)
        children = descendants(playing.pid)

        os.close(terminal)

        assert 0 == playing.wait(60)
        assert [] == [child for child in children if Path(f"/proc/{child}").exists()]
        assert [] == list(Path(directory).iterdir())


def test_a_taken_port_is_named(page_taken: int) -> None:
    """It says which one, with what to do, before anything is started."""
    ended = subprocess.run(  # noqa: S603 - our own command
        (*COMMAND, str(page_taken)), capture_output=True, text=True, timeout=60, check=False
    )

    assert 1 == ended.returncode
    assert f"Port {page_taken} is in use: choose another one with --port, or 0 for any." in ended.stderr
    assert "" == ended.stdout


@pytest.fixture
def page_taken() -> Iterator[int]:
    """Listen on a port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]
