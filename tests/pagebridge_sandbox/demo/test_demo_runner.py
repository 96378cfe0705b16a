"""
The demo: to its end, into a failure, and interrupted.

As a command of its own it is played to its end from the wheel, in `tests/test_wheel.py`.
"""

import asyncio
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pagebridge import cli
from pagebridge_sandbox.demo import processes
from pagebridge_sandbox.demo.checks import Check
from pagebridge_sandbox.demo.first_incident import open_incident
from pagebridge_sandbox.demo.runner import main
from pagebridge_sandbox.demo.scenario import Step, card
from pagebridge_sandbox.demo.stage import Stage
from tests import forked_process
from tests.forked_process import ForkedProcess
from tests.pagebridge_sandbox.demo.looks import check_width

COMMAND = (sys.executable, "-m", "pagebridge", "demo")
TIMEOUT = 60.0
"""Seconds in which nothing may be left of a demo that has ended."""


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork receiver and worker from a process that has imported them. The demo as a command starts them anew."""
    forked_process.prepare()
    monkeypatch.setattr(processes, "start_module", ForkedProcess)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ('{"level": "info", "event": "slack.holding"}', False),
        ('{"level": "error", "event": "command.failed", "reference": "R"}', False),
        ('{"level": "error", "event": "readiness.lost", "what": "pagerduty"}', False),
        ('{"level": "error", "event": "readiness.lost", "what": "slack"}', True),
        ('{"level": "critical", "event": "worker.failed"}', True),
        ("Segmentation fault", True),
    ],
)
def test_an_error_in_a_log_fails_the_demo(line: str, *, is_one: bool) -> None:
    """All that a process calls an error counts, and what is no log, but for what the story itself brings about."""
    assert is_one is processes.is_error(line)


@pytest.mark.usefixtures("forked")
def test_demo_succeeds_end_to_end(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--verbose` it shows each party at its work after the channel, also on a narrow page."""
    monkeypatch.setenv("COLUMNS", "50")

    code = cli.main(["demo", "--verbose"])

    printed = capsys.readouterr()
    assert 0 == code, printed.out + printed.err
    assert "" == printed.err
    check_width(printed.out, 50)
    check_hops(printed.out)


def check_hops(printed: str) -> None:
    """The channel comes first, then the refusals, the truth in the outage, dialogs and figures, hop by hop."""
    channel, _, _ = printed.partition("\nEvery call")
    assert "Only visible to Carol Diaz" in channel
    assert "->" not in channel
    words = " ".join(re.sub("[│┊]", " ", printed).split())
    for pattern in (
        r'0\.0\d\d s Monitoring -> PagerDuty opens an incident: "Checkout latency over 2 s"',
        r"PagerDuty -> receiver incident\.triggered 202",
        r"This incident belongs to Payments, and you are not on that team",
        r"worker -> PagerDuty PUT /incidents/Q...\.\. status=acknowledged From: alice@example\.com 200",
        r"incident\.acknowledged 202 the same event again",
        r"incident\.unacknowledged 202 late",
        r"privately: Incident #1 is NOT resolved yet",
        r"worker -> PagerDuty PUT /incidents/Q...\.\. status=resolved From: alice@example\.com 200",
        r"Alice is asked: Escalate #2\? Pages the next level",
        r"Carol's dialog: Reassign #2 .*Me: \[ \] Another person: Dave Poe ! Dave Poe isn't linked",
        r"responders=PERIN1 From: alice@example\.com 400",
        r"Only visible to Alice Ng \S+ .M Request for help with incident #2: ❌ Erin Fox: NOT asked\.",
        r" ✅ Carol Diaz: asked ",
        r"Bob -> Slack types /pd list",
        r" 8 writes to PagerDuty in people's own names; it refused 1 ",
        r" 7 echoes of the bridge's own writes",
        r" 1 duplicate webhook ignored",
        r" 1 late webhook that did not set a card back",
    ):
        assert re.search(pattern, words), f"{pattern} is not in\n{printed}"


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """Collect what has been printed, and remove the logs that it names."""
    printed: list[str] = []
    yield printed
    printed.append(capsys.readouterr().out)
    for directory in re.findall(r"are in (\S+)", "".join(printed)):
        shutil.rmtree(directory)


@pytest.mark.usefixtures("forked")
def test_failed_step_is_named(capsys: pytest.CaptureFixture[str], logs: list[str]) -> None:
    """With what was expected and seen, and where to look; the exit code is 1, and no later step is played."""
    impossible = Check("the moon", lambda seen: seen.card_count, "green")
    story = (
        Step("The moon turns green", open_incident, (card("Triggered"), impossible)),
        Step("Later", must_not_run, ()),
    )

    code = main(story, timeout=2.0)

    printed = capsys.readouterr().out
    logs.append(printed)
    assert 1 == code
    assert "The demo failed. This step failed: The moon turns green\n" in printed
    assert "checks passed" not in printed
    assert " demo --verbose\n" in printed
    assert 'the moon\n    expected: "green"\n    seen:     1\n' in printed
    assert "one card" not in printed.partition("This step failed")[2]
    assert "Later" not in printed
    directory = Path(re.findall(r"are in (\S+)", printed)[0])
    assert {"receiver.log", "worker.log"} <= {path.name for path in directory.iterdir()}


@pytest.mark.usefixtures("forked")
def test_impossible_user_action_fails_step(capsys: pytest.CaptureFixture[str], logs: list[str]) -> None:
    """The simulator says what there is to press."""
    code = main((Step("Alice presses what is not there", press_nothing, ()),), timeout=2.0)

    printed = capsys.readouterr().out
    logs.append(printed)
    assert 1 == code
    assert "This step failed: Alice presses what is not there\n  there is no 'Celebrate' to click" in printed


@pytest.mark.usefixtures("forked")
def test_exited_process_fails_step_at_once(capsys: pytest.CaptureFixture[str], logs: list[str]) -> None:
    """It is named with its exit code, and nobody waits for what cannot come any more."""
    code = main((Step("The worker dies", kill_worker, (card("Triggered"),)),), timeout=60.0)

    printed = capsys.readouterr().out
    logs.append(printed)
    assert 1 == code
    assert "the worker has ended with exit code -9" in printed


async def kill_worker(stage: Stage) -> None:
    """End the worker as a crash would."""
    await stage.bridge.worker.child.kill()


async def must_not_run(_stage: Stage) -> None:
    """Fail, because nobody should have come here."""
    raise AssertionError("a step was played after one that failed")


async def press_nothing(stage: Stage) -> None:
    """Press a button that no card has."""
    await open_incident(stage)
    channel = stage.slack.channels["C0INCIDENTS"]
    await channel.wait(lambda it: it.messages)
    await stage.press("Alice", "Celebrate")


@pytest.fixture
def scratch() -> Iterator[str]:
    """Make a directory with a short path, because Valkey's socket will be in it."""
    with tempfile.TemporaryDirectory() as directory:
        yield directory


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_signal_ends_demo_cleanly(number: signal.Signals, code: int, scratch: str) -> None:
    """Ctrl-C or SIGTERM in the middle: its exit code says so, and no process, no file is left behind."""
    demo = await asyncio.create_subprocess_exec(
        *COMMAND,
        env={"TMPDIR": scratch},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        # As from a terminal: tests that were started in the background inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert demo.stdout is not None
    printed = b""
    while b"1 reply" not in printed:
        line = await demo.stdout.readline()
        assert line, f"ended by itself with exit code {await demo.wait()}: {printed.decode()}"
        printed += line

    demo.send_signal(number)

    printed, _ = await demo.communicate()
    assert code == demo.returncode, printed.decode()
    assert b"Traceback" not in printed
    await asyncio.to_thread(wait_for_end, demo.pid)
    assert [] == os.listdir(scratch)  # noqa: PTH208 - a directory that holds nothing is read at once


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_closed_terminal_ends_demo_cleanly(scratch: str) -> None:
    """What is drawn at its end finds no terminal, and no process, no file is left behind all the same."""
    terminal, inside = os.openpty()
    demo = subprocess.Popen(  # noqa: S603 - our own command
        COMMAND,
        env={"TMPDIR": scratch, "TERM": "xterm"},
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
    )
    os.close(inside)
    printed = b""
    while b"1 reply" not in printed:
        printed += os.read(terminal, 65_536)

    os.close(terminal)

    assert 143 == demo.wait(TIMEOUT)
    wait_for_end(demo.pid)
    assert [] == list(Path(scratch).iterdir())


def wait_for_end(leader: int) -> None:
    """Wait until no process of a session is left."""
    deadline = time.monotonic() + TIMEOUT
    while left := processes_in_session(leader):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def processes_in_session(leader: int) -> list[str]:
    """Find the processes of a session that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _parent, _group, sid = rest.split()[:4]
        if int(sid) == leader and state not in "ZX":
            found.append(name)
    return found
