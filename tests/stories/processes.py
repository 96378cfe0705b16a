"""
The bridge as it is deployed: receiver and workers are processes of their own, which can be told to end, and killed.

A worker process has the durations of production. A quick one has those of the other stories: what follows a kill takes
seconds instead of half a minute.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.loopback import HOST, free_ports, without_proxies
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.pagerduty.faults import ActiveFault
from pagebridge_sandbox.slack import Message, SlackSandbox
from pagebridge_sandbox.slack.faults import ActiveFault as SlackActive
from tests import forked_process
from tests.forked_process import ForkedProcess
from tests.servers import lent_valkey, program
from tests.stories.harness import SECRET, Acme, Bridge, receiving, settled, until

REPOSITORY = Path(__file__).parents[2]
ROUTING = {"routing": {"default_channel": "C0INCIDENTS"}}
QUICK = "tests.stories.quick_worker"
PATIENT = "tests.stories.patient_worker"
START = 40.0
"""Seconds that a process may take to be at work."""
END = 30.0
"""Seconds that a process may take to end; more than its drain."""


@dataclass(frozen=True)
class Process:
    """One of our processes, and the file that has what it said."""

    child: ForkedProcess
    log: Path

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.child.send(number)

    async def kill(self) -> None:
        """Kill it with -9, in the middle of whatever it does."""
        await self.child.kill()

    async def ended(self) -> int:
        """Wait for its end, and return its exit code."""
        async with asyncio.timeout(END):
            return await self.child.wait()

    @property
    def said(self) -> str:
        """Everything it has printed so far."""
        return self.log.read_text(encoding="utf-8")

    def logged(self, event: str) -> list[dict[str, Any]]:
        """List the entries of its log about `event`."""
        return [entry for entry in self._entries() if entry["event"] == event]

    @property
    def failures(self) -> list[dict[str, Any]]:
        """List the entries of its log that stand for an error; what another server cannot do is none of ours."""
        known = {"store.not_durable"} if program() else set()
        found = [entry for entry in self._entries() if entry["level"] in ("error", "critical")]
        return [entry for entry in found if entry["event"] not in known]

    async def until_logged(self, event: str, times: int = 1) -> dict[str, Any]:
        """Wait until it has logged `event` so many times, and return the last entry."""
        await until(lambda: len(self.logged(event)) >= times, f"{event} in the log")
        return self.logged(event)[-1]

    def _entries(self) -> list[dict[str, Any]]:
        """Read its log. The last line may not be complete yet, and Python's own last words are no entry."""
        return [json.loads(line) for line in self.said.splitlines() if line.startswith("{") and line.endswith("}")]


class Deployment(Bridge):
    """Acme's bridge, whose parts can be started as processes. `environment` is what each of them is started with."""

    def __init__(self, acme: Acme, valkey: EmbeddedValkey, group: asyncio.TaskGroup, directory: Path) -> None:
        super().__init__(acme, valkey, group, dict(ROUTING))
        directory.mkdir(parents=True, exist_ok=True)
        self.config = directory / "bridge.toml"
        self.config.write_text('[routing]\ndefault_channel = "C0INCIDENTS"\n', encoding="utf-8")
        self.receiver_port = free_ports(1)[0]
        self.environment = without_proxies(os.environ) | {
            "PYTHONPATH": str(REPOSITORY),
            "RECEIVER_HOST": HOST,
            "RECEIVER_PORT": str(self.receiver_port),
            "RECEIVER_ADMIN_PORT": "0",
            "WORKER_PORT": "0",
            "PAGERDUTY_WEBHOOK_SECRETS": SECRET,
            "PAGERDUTY_API_TOKEN": self.pagerduty.token,
            "PAGERDUTY_API_URL": self.pagerduty.url,
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "REDIS_URL": valkey.url,
            "BRIDGE_CONFIG": str(self.config),
        }
        self._directory = directory
        self._processes: list[Process] = []

    def start(self, module: str, **environment: str) -> Process:
        """Start `python -m <module>`; `environment` wins over what every process gets."""
        output = self._directory / f"{len(self._processes)}-{module}.log"
        process = Process(ForkedProcess(module, self.environment | environment, output), output)
        self._processes.append(process)
        return process

    async def worker(self, module: str = "bolt_app") -> Process:
        """Start a worker, and wait until Slack has it on the line, or it stands by."""
        before = self.slack.socket.connections
        process = self.start(module)
        await until(
            lambda: self.slack.socket.connections > before or bool(process.logged("slack.standby")), "the worker"
        )
        return process

    async def quick_worker(self) -> Process:
        """Start a worker that has the durations of the other stories."""
        return await self.worker(QUICK)

    async def receiver(self, **environment: str) -> Process:
        """Start a receiver, and wait until it listens."""
        process = self.start("webhook_receiver", **environment)
        await process.until_logged("receiver.listening")
        return process

    async def kill(self, worker: Process) -> None:
        """Kill a worker that is alone with -9, and wait until Slack has noticed."""
        await worker.kill()
        await until(lambda: self.slack.socket.connections == 0, "Slack to notice that the worker is gone")

    async def end(self) -> None:
        """Kill what still runs, and show what every process said: pytest prints it when the story has failed."""
        for process in self._processes:
            await process.kill()
            sys.stdout.write(f"--- {process.log.name}\n{process.said}\n")


@asynccontextmanager
async def deployed(directory: Path, server: EmbeddedValkey | None = None) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment, on a `server` of its own or a lent one, in which nothing runs yet. Leaves nothing."""
    forked_process.prepare()
    async with AsyncExitStack() as stack:
        valkey = await stack.enter_async_context(server or lent_valkey(program()))
        pagerduty = await stack.enter_async_context(PagerDutySandbox(retry_delay=0.05))
        slack = await stack.enter_async_context(SlackSandbox(ack_timeout=3.0, enforce_rate_limits=False))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        deployment = Deployment(Acme.founded(pagerduty, slack), valkey, group, directory)
        stack.push_async_callback(deployment.end)
        yield deployment
        await deployment.stop_workers()


@asynccontextmanager
async def deployed_with_receiver(directory: Path) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment, with a receiver already at work."""
    async with deployed(directory) as deployment, receiving(deployment.valkey) as port:
        deployment.pagerduty.subscribe(f"http://{HOST}:{port}/webhooks/pagerduty", secrets=[SECRET])
        yield deployment


async def incidents(bridge: Bridge, *titles: str) -> list[Message]:
    """Let monitoring open incidents, and return their cards."""
    for title in titles:
        bridge.trigger(title)
    return [await bridge.card(title) for title in titles]


async def struck(*faults: ActiveFault | SlackActive) -> None:
    """Wait until each of these has met its call."""
    await until(lambda: all(fault.match_count for fault in faults), "the calls that go wrong")


def lines(card: Message, words: str) -> int:
    """Count the lines in the thread of a card that say `words`."""
    return sum(words in reply.plain for reply in card.replies)


async def acknowledged_once(bridge: Bridge, cards: list[Message]) -> None:
    """Make sure that Alice's acknowledge of each is carried out and told once, and nothing else happened."""
    await settled(bridge)
    assert len(cards) == len(bridge.channel.messages)
    for card in cards:
        assert "Acknowledged by Alice Ng in Slack" in card.plain
        assert (1, 1) == (lines(card, "Alice Ng acknowledged it in Slack"), len(card.replies))
    assert ["alice@example.com"] * len(cards) == [call.from_email for call in bridge.effects()]
    assert not [words for words in bridge.private("Alice") if "already" in words or "can't acknowledge" in words]
