"""The doctor's context: every client and file that the settings allow to open."""

import os
import re
import sys
import tempfile
import time
from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pagebridge.cli.checks.findings import Check, Verdict, failed, passed, skipped
from pagebridge.cli.checks.webhook import Pinging
from pagebridge.cli.clients import Receiver, loaded, pagerduty_door, slack_door
from pagebridge.cli.place import StoreSettings
from pagebridge.local.child_process import Child
from pagebridge.local.embedded_valkey import EmbeddedValkey, EmbeddedValkeyError
from shared.config.bridge_config import BridgeConfig
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured
from shared.config.setting_types import Hosts, Port
from shared.config.settings import (
    Environment,
    PagerDutySettings,
    ReceiverSettings,
    SharedSettings,
    SlackSettings,
    WorkerSettings,
    load,
)
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store.redis import Redis, connect

START = 15.0
"""Seconds that a receiver may take to listen, and to end."""
LOOK = 0.05
"""Seconds between two looks at whether it does."""
_BUSY = re.compile(r", (\d+)(?:, \d+)*\).*address already in use")
"""The system's message on a port that another program has: `('0.0.0.0', 8080): [errno 98] address already in use`."""
INCOMPLETE = skipped("not checked, because settings failed")


class Here(Environment):
    """The local configuration, as far as it is valid."""

    bridge_config: Path = SharedSettings.model_fields["bridge_config"].default
    admin_host: Hosts = SharedSettings.model_fields["admin_host"].default
    worker_port: Port = WorkerSettings.model_fields["worker_port"].default
    receiver_admin_port: Port = ReceiverSettings.model_fields["receiver_admin_port"].default


def here() -> Here:
    """Return the local configuration, with defaults where settings are invalid."""
    return loaded(Here) or Here.model_construct()


@dataclass(frozen=True)
class Site:
    """The opened clients with their settings; None for each that could not be opened, with the reason in `problems`."""

    here: Here
    config: BridgeConfig
    redis: Redis | None
    embedded: bool
    slack: tuple[Slack, SlackSettings] | None
    pagerduty: tuple[PagerDuty, PagerDutySettings] | None
    problems: tuple[Check, ...]

    def pinging(self, patience: float) -> Pinging | None:
        """Get ready to ping, if there is something to ping and somewhere to see it."""
        if self.redis is None or self.pagerduty is None:
            return None
        return Pinging(
            self.pagerduty[0], self.redis, Receiver(self.here.receiver_admin_port, self.here.admin_host), patience
        )


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Site]:
    """Open everything that can be opened, and start what does not run and is needed to see a ping arrive."""
    async with AsyncExitStack() as stack:
        machine, store = here(), loaded(StoreSettings)
        given = store.redis_url.get_secret_value() if store and store.redis_url else None
        url = (given or await _valkey(stack, data)) if store else None
        slack, pagerduty = loaded(SlackSettings), loaded(PagerDutySettings)
        receiver = await _receiver(stack, machine, url) if url else Check("receiver", INCOMPLETE)
        sides = {"Redis": url, "Slack": slack, "PagerDuty": pagerduty}
        enter = stack.enter_async_context
        yield Site(
            here=machine,
            config=_config(machine.bridge_config) or BridgeConfig(),
            redis=await enter(aclosing(connect(url))) if url else None,
            embedded=given is None,
            slack=(await enter(slack_door(slack)), slack) if slack else None,
            pagerduty=(await enter(pagerduty_door(pagerduty)), pagerduty) if pagerduty else None,
            problems=(
                *(Check(name, INCOMPLETE) for name, side in sides.items() if side is None),
                receiver,
            ),
        )


def _config(path: Path) -> BridgeConfig | None:
    """Read `bridge.toml`; None if it can't be understood."""
    try:
        return load_bridge_config(path) if path.exists() else BridgeConfig()
    except Misconfigured:
        return None


async def _valkey(stack: AsyncExitStack, data: Path) -> str:
    """Start the embedded Valkey, unless `pagebridge up` has, and give its address."""
    valkey = EmbeddedValkey(_data(stack, data), patience=0.0)
    # One that can't be started most likely runs already. If not, the check of Redis says what is not there.
    with suppress(EmbeddedValkeyError):
        await stack.enter_async_context(valkey)
    return valkey.url


def _data(stack: AsyncExitStack, data: Path) -> Path:
    """Return where the embedded Valkey has its data; where it has none yet, a place that is removed afterwards."""
    return data if data.exists() else Path(stack.enter_context(tempfile.TemporaryDirectory())) / "valkey"


async def _receiver(stack: AsyncExitStack, machine: Here, url: str) -> Check:
    """Return the check of the receiver on this machine; one is started if there is none and it can be."""
    name, receiver = "receiver", Receiver(machine.receiver_admin_port, machine.admin_host)
    if await receiver.turned_away() is not None:
        return Check(name, passed("runs on this machine"))
    try:
        load(ReceiverSettings, redis_url=url)
    except Misconfigured:
        return Check(name, INCOMPLETE)
    if _config(machine.bridge_config) is None:
        # It would end over the same mistake.
        return Check(name, INCOMPLETE, needs=(str(machine.bridge_config),))
    return Check(name, await _started(stack, machine, receiver, url))


async def _started(stack: AsyncExitStack, machine: Here, receiver: Receiver, url: str) -> Verdict:
    """Start a receiver until the checks are made, and return whether it runs."""
    log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "receiver.log"
    environment = {**os.environ, "REDIS_URL": url}
    child = Child((sys.executable, "-m", "webhook_receiver"), environment=environment, output=log)
    stack.push_async_callback(child.stop, START)
    deadline = time.monotonic() + START
    while child.code is None and time.monotonic() < deadline:
        if await receiver.turned_away() is not None:
            return passed("not running here; started for these checks only")
        await sleep(LOOK)
    if child.code is None:
        return failed(f"not running here, and did not start within {START:g} s", "run again when this machine is idle")
    why, fix = _last_words(log, machine)
    return failed(f"not running here and can't be started: {why}", fix)


def _last_words(log: Path, machine: Here) -> tuple[str, str]:
    """Return why a receiver ended, as its log says, and the fix."""
    last = (log.read_text(errors="replace").splitlines() or ["no output"])[-1]
    if busy := _BUSY.search(last):
        setting = "RECEIVER_ADMIN_PORT" if int(busy[1]) == machine.receiver_admin_port else "RECEIVER_PORT"
        return f"port {busy[1]} is in use", f"choose another {setting}"
    return last, "fix that; see RECEIVER_HOST and RECEIVER_PORT"
