"""Acme's bridge as somebody sets it up: both vendors, a Valkey, a receiver, and the settings that lead to them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pagebridge.cli.checks.findings import Check, Finding, Status, look_at_all
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.loopback import free_ports
from pagebridge_sandbox.pagerduty import PagerDutySandbox, Subscription
from pagebridge_sandbox.slack import SlackSandbox
from shared.config.settings import Settings
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from tests.servers import lent_valkey
from tests.webhook_receiver.running import PATH, SECRET, Running, running

ROUTING = '[routing]\ndefault_channel = "C0INCIDENTS"\n'


@dataclass
class Office:
    """Everything that the bridge stands between, and a receiver that is up."""

    pagerduty: PagerDutySandbox
    slack: SlackSandbox
    valkey: EmbeddedValkey
    receiver: Running
    directory: Path

    @property
    def url(self) -> str:
        """The address at which PagerDuty reaches the receiver."""
        return f"http://127.0.0.1:{self.receiver.receiver.port}{PATH}"

    def subscribe(self, *, events: Iterable[str] | None = None, secret: str = SECRET) -> Subscription:
        """Subscribe to webhooks."""
        return self.pagerduty.subscribe(self.url, secrets=[secret], events=events)

    def environment(self) -> dict[str, str]:
        """List every setting."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "PAGERDUTY_API_TOKEN": self.pagerduty.token,
            "PAGERDUTY_API_URL": self.pagerduty.url,
            "PAGERDUTY_WEBHOOK_SECRETS": SECRET,
            "REDIS_URL": self.valkey.url,
            "RECEIVER_ADMIN_PORT": str(self.receiver.receiver.admin_port),
            "WORKER_PORT": str(free_ports(1)[0]),
        }

    def write(self, name: str, text: str) -> None:
        """Write a file where the command is run."""
        (self.directory / name).write_text(text, encoding="utf-8")


@asynccontextmanager
async def opened(directory: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open the office: in it everything is as it should be, except that nothing subscribes to webhooks yet."""
    async with AsyncExitStack() as stack:
        stack.enter_context(capture_logs())
        valkey = await stack.enter_async_context(lent_valkey())
        pagerduty = await stack.enter_async_context(PagerDutySandbox(retry_delay=0.05))
        slack = await stack.enter_async_context(SlackSandbox(enforce_rate_limits=False))
        receiver = await stack.enter_async_context(running(valkey.url))
        office = Office(pagerduty, slack, valkey, receiver, directory)
        furnish(office)
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in office.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(directory)
        yield office


def furnish(office: Office) -> None:
    """Let Acme have a channel, a team and a service."""
    office.slack.add_channel("incidents", id="C0INCIDENTS")
    office.pagerduty.add_user("Alice Ng", "alice@example.com", id="PALICE1")
    team = office.pagerduty.add_team("Payments", id="PPAYMENTS")
    policy = office.pagerduty.add_escalation_policy("On-call", [["PALICE1"]], teams=[team])
    office.pagerduty.add_service("checkout-api", policy.id, teams=[team], id="PCHECKOUT")
    office.write("bridge.toml", ROUTING)


async def found(checks: Iterable[Check], name: str) -> Finding:
    """Make the one check of that name, after those that it needs."""
    (finding,) = [finding for finding in await look_at_all(with_needed(checks, name)) if finding.check == name]
    return finding


def with_needed(checks: Iterable[Check], *names: str) -> list[Check]:
    """List the checks of these names and those that they need, in their order."""
    wanted, chosen = set(names), []
    for check in reversed(list(checks)):
        if check.name in wanted:
            chosen.append(check)
            wanted |= set(check.needs)
    return chosen[::-1]


@asynccontextmanager
async def slack_door(slack: SlackSandbox) -> AsyncIterator[Slack]:
    """Open the door to Slack."""
    door = Slack(slack.bot_token, slack.api_url, timeout=20, pace=0)
    yield door
    await door.aclose()


@asynccontextmanager
async def pagerduty_door(pagerduty: PagerDutySandbox) -> AsyncIterator[PagerDuty]:
    """Open the door to PagerDuty."""
    door = PagerDuty(pagerduty.token, pagerduty.url, timeout=20)
    yield door
    await door.aclose()


def says(finding: Finding, status: Status, *words: str) -> None:
    """Make sure of the verdict, and that somebody reads each of these words in it."""
    assert status is finding.status, finding
    told = f"{finding.what} -> {finding.fix}"
    assert [] == [word for word in words if word not in told], told
