"""`pagebridge run`: what it checks first, and how its processes start and end together."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pagebridge.cli import MISCONFIGURED, main
from pagebridge.cli.run import supervise
from pagebridge.embedded_valkey import EmbeddedValkey
from shared.settings import Settings

FOREVER = "import time; time.sleep(60)"
POLITE = (
    "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0));"
    "pathlib.Path('up').touch(); time.sleep(60)"
)


def python(program: str) -> list[str]:
    """Make the command that runs a small program."""
    return [sys.executable, "-S", "-c", program]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty directory without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def appears(file: Path) -> None:
    """Wait until a process has made `file`."""
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} was never made"
        time.sleep(0.01)


async def test_when_one_fails_the_other_is_stopped_and_its_code_tells() -> None:
    """The exit code is that of whoever failed first; nobody is left running."""
    begun = time.monotonic()
    commands = [python(FOREVER), python("import sys; sys.exit(3)")]
    assert await supervise(commands, {}, asyncio.Event()) == 3
    assert time.monotonic() - begun < 10


async def test_a_request_to_stop_ends_both_cleanly(tmp_path: Path) -> None:
    """Told to stop, both get SIGTERM, and if they end well so does the whole."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervise([python(POLITE)], {}, stopping))
        await asyncio.to_thread(appears, tmp_path / "up")
        stopping.set()
    assert running.result() == 0


async def test_whoever_does_not_stop_is_killed(tmp_path: Path) -> None:
    """A process that ignores SIGTERM is killed after its grace, and that shows in the code."""
    stubborn = "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('up').touch()"
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervise([python(stubborn + "; time.sleep(60)")], {}, stopping, grace=0.05))
        await asyncio.to_thread(appears, tmp_path / "up")
        stopping.set()
    assert running.result() == 128 + signal.SIGKILL


async def test_the_processes_get_the_address_of_the_store(tmp_path: Path) -> None:
    """What is handed over as environment is what they see."""
    program = "import os, pathlib; pathlib.Path('seen').write_text(os.environ['REDIS_URL'])"
    await supervise([python(program)], {"REDIS_URL": "unix:///x"}, asyncio.Event())
    assert (tmp_path / "seen").read_text() == "unix:///x"


async def test_when_the_store_crashes_everything_ends(tmp_path: Path) -> None:
    """Without its Valkey the bridge does not go on pretending: the processes are stopped, the code is not zero."""
    valkey = EmbeddedValkey(tmp_path / "valkey")
    await valkey.start()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervise([python(POLITE)], {}, asyncio.Event(), valkey))
        await asyncio.to_thread(appears, tmp_path / "up")
        await valkey.kill()
    assert running.result() == 128 + signal.SIGKILL


def test_the_settings_of_both_processes_are_checked_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Before anything starts, all that is missing is named, REDIS_URL not being missed."""
    assert main(["run"]) == MISCONFIGURED
    said = capsys.readouterr().err
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGERDUTY_API_TOKEN", "PAGERDUTY_WEBHOOK_SECRETS"):
        assert f"{name} is not set" in said
    assert "REDIS_URL" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_bad_bridge_toml_is_found_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mistake in the file is named before anything starts."""
    settings = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "PAGERDUTY_API_TOKEN": "x"}
    for name, value in {**settings, "PAGERDUTY_WEBHOOK_SECRETS": "s"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "bridge.toml").write_text("[routing]\ndefault_chanel = 'C024'")
    assert main(["run"]) == MISCONFIGURED
    assert "routing.default_chanel is not a known key" in capsys.readouterr().err


def test_help_names_every_command() -> None:
    """`python -m pagebridge --help` shows what there is."""
    done = subprocess.run([sys.executable, "-m", "pagebridge", "--help"], capture_output=True, text=True, check=True)
    for command in ("demo", "run", "settings"):
        assert re.search(rf"^│ {command} +[A-Z]", done.stdout, re.MULTILINE)
