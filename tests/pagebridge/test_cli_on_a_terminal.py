"""The output of commands on a terminal: readable lines, and a counter of long work. A pipe gets neither."""

from pathlib import Path

import pytest

from pagebridge.cli.terminal import progress
from shared.config.settings import Settings
from tests.pagebridge.screen import Screen

COUNTING = (
    "from pagebridge.cli.terminal import progress\nwith progress('Reading', 3) as step:\n  step(); step(); step()\n"
)
LOGGING = (
    "import structlog\nfrom pagebridge.cli import main\nmain(['--version'])\n"
    "log = structlog.get_logger()\nlog.warning('a-warning')\nlog.error('an-error')\n"
)


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
    assert 0 == await screen.ended()
    screen.close()


async def test_between_questions_stands_no_log() -> None:
    """Log lines below errors do not appear among a command's output; errors do."""
    screen = Screen("-c", LOGGING)
    await screen.comes("an-error")
    assert "a-warning" not in screen.text
    assert 0 == await screen.ended()
    screen.close()


async def test_what_is_wrong_is_wrapped_on_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Words stay whole, and a point of a list goes on below itself."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    screen = Screen("-m", "pagebridge", "up")
    await screen.comes("PAGERDUTY_WEBHOOK_SECRETS is not set")
    assert 2 == await screen.ended()
    screen.close()
    assert [] == [line for line in screen.text.splitlines() if len(line) > 80]
    _, points = screen.text.split("(environment or .env):")
    assert [] == [line for line in points.splitlines() if not line.startswith(("  - ", "    ")) and line]
