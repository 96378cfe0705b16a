"""Where it is played: both simulators in this process, the bridge between them, and what was done so far."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from pagebridge.local.embedded_valkey import EmbeddedValkey, packaged_binary
from pagebridge_sandbox.demo import processes
from pagebridge_sandbox.demo.processes import Bridge
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.play import fixtures
from pagebridge_sandbox.play.figures import Figures
from pagebridge_sandbox.play.logs import LogTail
from pagebridge_sandbox.play.reads import is_pagerduty_read, is_slack_read
from pagebridge_sandbox.slack import RateLimits, SlackSandbox
from pagebridge_sandbox.store_clock import FAKETIME, StoreClock

TIMES_FASTER = 10
"""How many times as much as Slack allows is allowed here, so that a storm passes while people look."""
RESTART = 2.0
"""Seconds until a process that has ended is started again."""
POLL_INTERVAL = 0.05
RECENT = 20
"""How many of the newest entries of a log may still change."""
WORKER = "pagebridge.local.play_worker"
"""The worker with this pace, which also compares with PagerDuty more often."""


@dataclass
class Playground:
    """
    Everything that takes part, and what was done to it. Times are in seconds since the epoch.

    `forged` are the receiver's answers to forged deliveries, `mishaps` what happens to webhooks. `breaks_open` counts
    what is broken on purpose, `disturbed_until` is when the last of it was mended, `emptied_at` when the store lost it
    all.
    """

    pagerduty: PagerDutySandbox
    slack: SlackSandbox
    valkey: EmbeddedValkey
    bridge: Bridge
    receiver_log: LogTail
    worker_log: LogTail
    figures: Figures
    store_clock: StoreClock | None = None
    began: float = field(default_factory=time.time)
    forged: list[int] = field(default_factory=list)
    mishaps: set[str] = field(default_factory=set)
    breaks_open: int = 0
    disturbed_until: float = 0.0
    emptied_at: float = 0.0

    @property
    def is_disturbed(self) -> bool:
        """Whether something is broken on purpose now."""
        return self.breaks_open > 0

    def secrets(self) -> list[str]:
        """Return what may stand in no answer."""
        slack = self.slack
        return [
            self.pagerduty.token,
            slack.bot_token,
            slack.app_token,
            slack.signing_secret,
            slack.verification_token,
            processes.SECRET,
            *(app.secret for app in self.pagerduty.oauth.apps.values()),
            *self.pagerduty.oauth.tokens,
        ]

    def pulse(self) -> tuple[object, ...]:
        """
        Return what is another whenever something happens. It takes much less than to look at all that there is.

        What the bridge only reads is left out: it does so again and again, and shows people nothing.
        """
        slack, pagerduty, log = self.slack, self.pagerduty, self.pagerduty.webhooks.log
        posts = (call for call in reversed(slack.calls) if not is_slack_read(call))
        writes = (call for call in reversed(pagerduty.calls) if not is_pagerduty_read(call))
        return (
            *(len(slack.envelopes), len(log)),
            *((call.time, call.answered_at) for call in islice(posts, RECENT)),
            *(envelope.acked_after_ms for envelope in slack.envelopes[-RECENT:]),
            *((call.at, call.ended_at) for call in islice(writes, RECENT)),
            *(delivery.ended_at for delivery in log[-RECENT:]),
            *(tail.path.stat().st_size for tail in (self.receiver_log, self.worker_log)),
            *self.process_states().values(),
            self.figures.open_commands,
        )

    def process_states(self) -> dict[str, str]:
        """Return for each process whether it runs."""
        running = {
            "receiver": self.bridge.receiver.running,
            "worker": self.bridge.worker.running,
            "store": self.valkey.running,
        }
        return {name: "running" if runs else "stopped" for name, runs in running.items()}


@asynccontextmanager
async def open_playground(directory: Path) -> AsyncIterator[Playground]:
    """Start everything, with all data and logs in `directory`; nothing is left running at the end."""
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(directory.mkdir, mode=0o700, exist_ok=True)
        clock = StoreClock(directory) if FAKETIME else None
        binary = clock.server(packaged_binary()) if clock else None
        valkey = await stack.enter_async_context(EmbeddedValkey(directory / "valkey", binary=binary))
        pagerduty = await stack.enter_async_context(PagerDutySandbox(retry_delay=2.0))
        slack = await stack.enter_async_context(SlackSandbox(limits=_limits()))
        fixtures.set_up_slack(slack)
        fixtures.set_up_pagerduty(pagerduty)
        running = processes.run_bridge(
            directory, valkey, pagerduty, slack, routing=fixtures.ROUTING, worker_module=WORKER
        )
        bridge = await stack.enter_async_context(running)
        logs = LogTail(bridge.receiver.log), LogTail(bridge.worker.log)
        playground = Playground(pagerduty, slack, valkey, bridge, *logs, Figures(), clock)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for watching in (playground.figures.watch(bridge), _keep_running(bridge)):
            stack.callback(group.create_task(watching).cancel)
        yield playground


async def _keep_running(bridge: Bridge) -> None:
    """Start again what has ended, as a supervisor would, until cancelled."""
    while True:
        for process in (bridge.receiver, bridge.worker):
            if not process.running:
                await asyncio.sleep(RESTART)
                process.restart()
        await asyncio.sleep(POLL_INTERVAL)


def _limits() -> RateLimits:
    real = RateLimits()
    tiers = MappingProxyType({tier: calls * TIMES_FASTER for tier, calls in real.per_minute.items()})
    return RateLimits(tiers, real.posts_per_second * TIMES_FASTER, real.post_burst)
