"""What commands show on a terminal alone: readable lines, how far long work is, and when the bridge is ready."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pagebridge.cli.terminal import progress
from pagebridge_sandbox.demo.processes import free_ports
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from shared.config.settings import Settings
from tests.stories.harness import Acme

START = 60.0
"""Seconds that a start or an end may take, on a machine that is busy with other tests."""
COUNTING = (
    "from pagebridge.cli.terminal import progress\nwith progress('Reading', 3) as step:\n  step(); step(); step()\n"
)
LOGGING = (
    "import structlog\nfrom pagebridge.cli import main\nmain(['--version'])\n"
    "log = structlog.get_logger()\nlog.warning('a-warning')\nlog.error('an-error')\n"
)


class Screen:
    """A process at a terminal of 80 columns, and what stands on it."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
        self.process = subprocess.Popen(  # noqa: S603 -- our own command
            [sys.executable, *command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        os.set_blocking(self._ours, False)
        self.text = ""

    def shows(self, words: str) -> bool:
        """Tell whether these words have been shown by now."""
        try:
            while some := os.read(self._ours, 65536):
                self.text += some.decode(errors="replace")
        except OSError:
            pass
        return words in self.text

    async def comes(self, words: str) -> None:
        """Wait until these words have been shown."""
        async with asyncio.timeout(START):
            while not self.shows(words):  # noqa: ASYNC110 -- a terminal has no event for it
                await asyncio.sleep(0.02)

    def close(self) -> None:
        """Leave the terminal."""
        os.close(self._ours)


def test_through_a_pipe_nothing_moves(capsys: pytest.CaptureFixture[str]) -> None:
    """A bar would only be in the way of programs."""
    with progress("Reading", 2) as step:
        step()
        step()
    said = capsys.readouterr()
    assert ("", "") == (said.out, said.err)


async def test_on_a_terminal_long_work_is_counted() -> None:
    """How many of how many are done."""
    screen = Screen("-c", COUNTING)
    await screen.comes("3/3")
    assert "Reading" in screen.text
    assert 0 == screen.process.wait()
    screen.close()


async def test_between_questions_stands_no_log() -> None:
    """Log lines below errors do not appear among a command's output; errors do."""
    screen = Screen("-c", LOGGING)
    await screen.comes("an-error")
    assert "a-warning" not in screen.text
    assert 0 == screen.process.wait()
    screen.close()


async def test_what_is_wrong_is_wrapped_on_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Words stay whole, and a point of a list goes on below itself."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    screen = Screen("-m", "pagebridge", "up")
    await screen.comes("PAGERDUTY_WEBHOOK_SECRETS is not set")
    assert 2 == await asyncio.to_thread(screen.process.wait, START)
    screen.shows("")
    screen.close()
    assert [] == [line for line in screen.text.splitlines() if len(line) > 80]
    _, points = screen.text.split("(environment or .env):")
    assert [] == [line for line in points.splitlines() if not line.startswith(("  - ", "    ")) and line]


@pytest.mark.timeout(120)
async def test_up_is_read_by_a_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The lines of both processes are for reading, and the last thing to type is named once both are ready."""
    receiver, admin, worker = free_ports(3)
    async with PagerDutySandbox(retry_delay=0.05) as pagerduty, SlackSandbox(enforce_rate_limits=False) as slack:
        Acme.founded(pagerduty, slack)
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "SLACK_COMMAND": "/bridge",
            "PAGERDUTY_API_TOKEN": pagerduty.token,
            "PAGERDUTY_API_URL": pagerduty.url,
            "PAGERDUTY_WEBHOOK_SECRETS": "a-secret",
            "RECEIVER_HOST": "127.0.0.1",
            "RECEIVER_PORT": receiver,
            "RECEIVER_ADMIN_PORT": admin,
            "WORKER_PORT": worker,
        }.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.chdir(tmp_path)
        pagerduty.subscribe(f"http://127.0.0.1:{receiver}/webhooks/pagerduty", secrets=["a-secret"])
        (tmp_path / "bridge.toml").write_text('[routing]\ndefault_channel = "C0INCIDENTS"\n')
        screen = Screen("-m", "pagebridge", "up")
        try:
            await screen.comes("ready: /bridge help")
            assert "Webhooks: http://127.0.0.1" in screen.text
            greeting = screen.text.partition("to check everything.")[0].splitlines()
            assert [] == [line for line in greeting if len(line) > 80 and " " in line[:80].strip()]
            assert "slack.holding" in screen.text
            assert '{"timestamp"' not in screen.text
        finally:
            screen.process.send_signal(signal.SIGTERM)
            assert 0 == await asyncio.to_thread(screen.process.wait, START)
            screen.close()
