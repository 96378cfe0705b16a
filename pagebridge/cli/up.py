"""
`pagebridge up`: receiver and worker for a real workspace, on one machine.

Unless REDIS_URL is set they share an embedded Valkey. A process that dies is restarted, until it has died too often.
SIGTERM and SIGINT stop everything; SIGHUP reloads `bridge.toml` and the webhook secrets.
"""

import asyncio
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from pagebridge.cli import exits
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge.local.process_supervisor import Process, Store, Supervisor
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured
from shared.config.setting_types import RedisUrl
from shared.config.settings import Environment, Settings, load

PROCESSES = {"the receiver": "webhook_receiver", "the worker": "bolt_app"}
DATA = Path(".pagebridge/valkey")
"""Where the embedded Valkey keeps its data when not told otherwise."""
NOT_SET_UP = "The bridge is not set up yet: run `pagebridge init`, which asks for what is missing.\n\n"


class StoreSettings(Environment):
    """Whether there is a Redis already; without one it is the embedded Valkey."""

    redis_url: RedisUrl | None = None


def redis_url_given() -> bool:
    """True if a Redis URL is set, valid or not."""
    try:
        return load(StoreSettings).redis_url is not None
    except Misconfigured:
        return True


@exits
async def up(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where the embedded Valkey keeps its data.")] = DATA,
) -> int:
    """Run the receiver and the worker, with an embedded Valkey unless REDIS_URL is set."""
    embedded = None if redis_url_given() else EmbeddedValkey(data)
    try:
        settings = load(Settings, redis_url=embedded.url) if embedded else load(Settings)
    except Misconfigured as error:
        if any("is not set" in problem for problem in error.problems):
            sys.stderr.write(NOT_SET_UP)
        raise
    if settings.bridge_config.exists():  # that it is missing is for the processes to say
        load_bridge_config(settings.bridge_config)
    async with embedded or nullcontext():
        sys.stdout.write(_greeting(settings, data if embedded else None))
        sys.stdout.flush()
        environment = {**os.environ, "REDIS_URL": settings.redis_url.get_secret_value()}
        processes = [Process(name, (sys.executable, "-m", module), environment) for name, module in PROCESSES.items()]
        supervisor = Supervisor([*([Store(embedded)] if embedded else []), *processes])
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.stop)
        loop.add_signal_handler(signal.SIGHUP, supervisor.reload)
        return await supervisor.run()


def _greeting(settings: Settings, data: Path | None) -> str:
    host = "localhost" if settings.receiver_host in {"0.0.0.0", "::"} else settings.receiver_host  # noqa: S104 - compared
    url = f"http://{host}:{settings.receiver_port}/webhooks/pagerduty"
    lines = [f"Webhooks: {url} (PagerDuty needs a public https address that leads here)"]
    if data:
        lines.append(f"Embedded Valkey: data in {data.absolute()} (set REDIS_URL to use your own)")
    lines.append("Run `pagebridge doctor` in another terminal to check everything.")
    return "\n".join(lines) + "\n"
