"""Everything in place: both simulators, the ways between all parts, and the bridge's processes at work."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.loopback import HOST, free_ports, without_proxies
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from tests.proof.chaos import fault_plan
from tests.proof.chaos.proxy import Dial, Proxy, proxy, to_port, to_socket
from tests.proof.chaos.run_log import Journal
from tests.proof.chaos.scenario import CONFIG, Company
from tests.proof.chaos.supervisor import Member, Store
from tests.servers import program, server_at
from tests.stories.harness import SECRET
from tests.stories.processes import REPOSITORY

WAYS = (*fault_plan.STORES, *fault_plan.ways("pagerduty"), "slack", "webhooks")
START = 30.0
"""Seconds that the processes may take to be at work."""
LOOK = 0.02
CONNECTIONS = 2
"""How many connections to Slack each worker keeps."""


class Stuck(Exception):
    """Raised when something did not come about in time. The text says what was waited for."""


@dataclass
class Stage:
    """The company and its bridge. `members` are the processes, `ways` the connections, by name."""

    company: Company
    journal: Journal
    store: Store
    ways: dict[str, Proxy]
    receiver_port: int
    members: dict[str, Member] = field(default_factory=dict)

    async def working(self) -> None:
        """Wait until Slack has every worker on the line; deliveries are repeated until there is a receiver."""
        expected = CONNECTIONS * len(fault_plan.WORKERS)
        self.journal.waiting_for = "the workers' connections to Slack"
        try:
            await self.company.slack.socket.wait_connected(expected, START)
        except AssertionError as error:
            raise Stuck(f"waited {START:.0f} s in vain for the workers: {error}") from None


@asynccontextmanager
async def staged(directory: Path, logs: Path, journal: Journal) -> AsyncIterator[Stage]:
    """
    Start everything in `directory`, not yet `working`. What the processes say goes to `logs`.

    Leaves nothing running, whatever happens.
    """
    async with AsyncExitStack() as stack:
        home = directory / "valkey"
        valkey = await stack.enter_async_context(server_at(home, program()))
        pagerduty = await stack.enter_async_context(PagerDutySandbox(retry_delay=0.2, webhook_timeout=2.5))
        slack = await stack.enter_async_context(SlackSandbox(enforce_rate_limits=False))
        company = Company.founded(pagerduty, slack)
        receiver_port, *ports = free_ports(1 + len(WAYS))
        ways = await _opened(stack, ports, _far_ends(valkey, slack, pagerduty, receiver_port))
        pagerduty.subscribe(f"http://{HOST}:{ways['webhooks'].port}/webhooks/pagerduty", secrets=[SECRET])
        # From here on the connections of Socket Mode, and the answers to clicks, go through the proxy too.
        slack.base_url = f"http://{HOST}:{ways['slack'].port}"
        stage = Stage(company, journal, Store(valkey, home, journal), ways, receiver_port)
        await _processes(stack, stage, directory, logs)
        yield stage


def _far_ends(
    valkey: EmbeddedValkey, slack: SlackSandbox, pagerduty: PagerDutySandbox, receiver_port: int
) -> dict[str, Dial]:
    """Tell where each way leads."""
    to_store = to_socket(valkey.url.removeprefix("unix://"))
    ends = dict.fromkeys(fault_plan.STORES, to_store)
    ends |= dict.fromkeys(fault_plan.ways("pagerduty"), to_port(_port(pagerduty.url)))
    return ends | {"slack": to_port(_port(slack.base_url)), "webhooks": to_port(receiver_port)}


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def _opened(stack: AsyncExitStack, ports: list[int], ends: Mapping[str, Dial]) -> dict[str, Proxy]:
    return {
        name: await stack.enter_async_context(proxy(port, dial))
        for port, (name, dial) in zip(ports, ends.items(), strict=True)
    }


async def _processes(stack: AsyncExitStack, stage: Stage, directory: Path, logs: Path) -> None:
    """Start receiver and workers, each under supervision."""
    config = directory / "bridge.toml"
    config.write_text(CONFIG, encoding="utf-8")
    for name in (fault_plan.RECEIVER, *fault_plan.WORKERS):
        module = "webhook_receiver" if name == fault_plan.RECEIVER else "tests.proof.chaos.worker"
        environment = _environment(stage, name, config)
        member = Member(name, module, environment, logs / f"{name}.log", stage.journal)
        stage.members[name] = member
        stack.push_async_callback(member.end)
    group = await stack.enter_async_context(asyncio.TaskGroup())
    tasks = [group.create_task(member.kept()) for member in stage.members.values()]
    for task in tasks:
        stack.callback(task.cancel)


def _environment(stage: Stage, name: str, config: Path) -> dict[str, str]:
    """Tell a process its own ways to everything."""

    def way(far: str) -> str:
        return f"{HOST}:{stage.ways[f'{name}>{far}'].port}"

    settings = {
        "PYTHONPATH": str(REPOSITORY),
        "BRIDGE_CONFIG": str(config),
        "REDIS_URL": f"redis://{way('store')}",
        "LOG_FORMAT": "json",
    }
    if name == fault_plan.RECEIVER:
        settings |= {
            "PAGERDUTY_WEBHOOK_SECRETS": SECRET,
            "RECEIVER_HOST": HOST,
            "RECEIVER_PORT": str(stage.receiver_port),
            "RECEIVER_ADMIN_PORT": "0",
        }
    else:
        settings |= {
            "WORKER_PORT": "0",
            "PAGERDUTY_API_TOKEN": stage.company.pagerduty.token,
            "PAGERDUTY_API_URL": f"http://{way('pagerduty')}",
            "SLACK_BOT_TOKEN": stage.company.slack.bot_token,
            "SLACK_APP_TOKEN": stage.company.slack.app_token,
            "SLACK_API_URL": stage.company.slack.api_url,
        }
    return without_proxies(os.environ) | settings
