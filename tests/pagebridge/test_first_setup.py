"""The ten minutes: from nothing to a card, by the commands of the README, in a directory of its own."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path

import pytest

from pagebridge.cli import main
from pagebridge_sandbox.loopback import free_ports
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from shared.config.settings import Settings
from tests.pagebridge.screen import Screen
from tests.stories.harness import Acme, until

START = 30.0
"""Seconds that the bridge may take to start, on a machine that is busy with other tests."""


async def pagebridge(monkeypatch: pytest.MonkeyPatch, *arguments: str, answers: str = "") -> int:
    """Run one command with these answers."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    return await asyncio.to_thread(main, arguments)


@pytest.mark.timeout(150)  # five processes start one after the other
async def test_from_nothing_to_a_card(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    `init`, `webhook create`, `doctor`, `up`: then an incident has its card.

    At a terminal, where the lines of both processes are for reading, and the last thing to type is named once both are
    ready. A worker that is killed is started again, and SIGTERM ends all of it with code 0.
    """
    port, admin, worker = free_ports(3)
    async with PagerDutySandbox(retry_delay=0.05) as pagerduty, SlackSandbox(enforce_rate_limits=False) as slack:
        acme = Acme.founded(pagerduty, slack)
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        ports = {"RECEIVER_PORT": port, "RECEIVER_ADMIN_PORT": admin, "WORKER_PORT": worker}
        vendors = {"SLACK_API_URL": slack.api_url, "PAGERDUTY_API_URL": pagerduty.url, "RECEIVER_HOST": "127.0.0.1"}
        for name, value in {**ports, **vendors}.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.chdir(tmp_path)

        answers = f"/pd\n{slack.bot_token}\n{slack.app_token}\n{pagerduty.token}\n#incidents\n"
        assert 0 == await pagebridge(monkeypatch, "init", answers=answers)
        url = f"http://127.0.0.1:{port}"
        assert 0 == await pagebridge(monkeypatch, "webhook", "create", "--url", url, "--write-env")
        code = await pagebridge(monkeypatch, "doctor")
        said = capfd.readouterr().out
        assert code == 0, said
        assert "started for these checks" in said

        monkeypatch.setenv("SLACK_COMMAND", "/bridge")
        screen = Screen("-m", "pagebridge", "up")
        try:
            await screen.comes("ready: /bridge help")
            check_is_read_by_a_person(screen.text)
            await slack.socket.wait_connected(1, timeout=START)
            pagerduty.trigger(acme.service, "Checkout latency over 2s")
            channel = slack.channels["C0INCIDENTS"]
            await channel.wait(lambda c: "Checkout latency" in c.messages[0].plain, timeout=START)

            assert 0 == await pagebridge(monkeypatch, "doctor")
            said += capfd.readouterr().out
            assert "runs on this machine" in said
            assert "the worker on this machine has" in said

            if sys.platform == "linux":  # the worker is found in /proc
                await check_a_killed_worker_comes_back(screen, acme)
            screen.process.send_signal(signal.SIGTERM)
            assert 0 == await screen.ended()
        finally:
            screen.close()
    told = said + screen.text
    assert not [secret for secret in (slack.bot_token, slack.app_token, pagerduty.token) if secret in told]


def check_is_read_by_a_person(shown: str) -> None:
    """Check that the greeting of `up` fits the terminal, and that the processes log readable lines, not JSON."""
    assert "Webhooks: http://127.0.0.1" in shown
    greeting = shown.partition("to check everything.")[0].splitlines()
    assert [] == [line for line in greeting if len(line) > 80 and " " in line[:80].strip()]
    assert "slack.holding" in shown
    assert '{"timestamp"' not in shown


async def check_a_killed_worker_comes_back(screen: Screen, acme: Acme) -> None:
    """It is started again, connects, and the next incident has its card."""
    slack = acme.slack
    os.kill(worker_of(screen), signal.SIGKILL)
    await until(lambda: slack.socket.connections == 0, "Slack to notice that the worker is gone")
    await slack.socket.wait_connected(1, timeout=START)
    acme.pagerduty.trigger(acme.service, "Again")
    await slack.channels["C0INCIDENTS"].wait(lambda c: "Again" in c.messages[1].plain, timeout=START)
    assert "worker was ended by SIGKILL; restarting in 1 s" in screen.text


def worker_of(screen: Screen) -> int:
    """Find the worker among the processes of the bridge."""
    pid = screen.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(pid) for pid in children if b"bolt_app" in Path(f"/proc/{pid}/cmdline").read_bytes())
