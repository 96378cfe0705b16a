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
from pagebridge.cli.clients import Receiver, Worker
from pagebridge.cli.place import DATA, redis_url_given
from pagebridge.cli.terminal import folded, terminal
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge.local.process_supervisor import Process, Store, Supervisor
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured
from shared.config.settings import Settings, load
from shared.http.hosts import from_here

PROCESSES = {"the receiver": "webhook_receiver", "the worker": "bolt_app"}
LOOK = 0.5
"""Seconds between two looks at whether both are ready."""
READY = "ready: {command} help\n"
NOT_SET_UP = "The bridge is not set up yet: run `pagebridge init`, which asks for what is missing."


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
            sys.stderr.writelines(f"{line}\n" for line in (*folded(NOT_SET_UP, terminal(), 0), ""))
        raise
    if settings.bridge_config.exists():  # that it is missing is for the processes to say
        load_bridge_config(settings.bridge_config)
    async with embedded or nullcontext():
        sys.stdout.write(_greeting(settings, data if embedded else None))
        sys.stdout.flush()
        environment = {**os.environ, "REDIS_URL": settings.redis_url.get_secret_value(), **_log_format(settings)}
        processes = [Process(name, (sys.executable, "-m", module), environment) for name, module in PROCESSES.items()]
        supervisor = Supervisor([*([Store(embedded)] if embedded else []), *processes])
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.stop)
        loop.add_signal_handler(signal.SIGHUP, supervisor.reload)
        telling = loop.create_task(_tell_when_ready(settings)) if sys.stderr.isatty() else None
        try:
            return await supervisor.run()
        finally:
            if telling is not None:
                telling.cancel()


def _log_format(settings: Settings) -> dict[str, str]:
    """Let people read lines at a terminal, unless they have chosen; programs get JSON."""
    chosen = "log_format" in settings.model_fields_set
    return {"LOG_FORMAT": "console"} if sys.stderr.isatty() and not chosen else {}


async def _tell_when_ready(settings: Settings) -> None:
    """Wait until the worker and the receiver say that they are ready, and tell what to type."""
    worker, receiver = (
        Worker(settings.worker_port, settings.admin_host),
        Receiver(settings.receiver_admin_port, settings.admin_host),
    )
    while True:
        if (await worker.health() or {}).get("ready") and await receiver.turned_away() is not None:
            sys.stderr.write(READY.format(command=settings.slack_command))
            return
        await asyncio.sleep(LOOK)


def _greeting(settings: Settings, data: Path | None) -> str:
    url = f"http://{from_here(settings.receiver_host)}:{settings.receiver_port}/webhooks/pagerduty"
    lines = [f"Webhooks: {url} (PagerDuty needs a public https address that leads here)"]
    if data:
        lines.append(f"Embedded Valkey: data in {data.absolute()} (set REDIS_URL to use your own)")
    lines.append("Run `pagebridge doctor` in another terminal to check everything.")
    return "".join(f"{part}\n" for line in lines for part in folded(line, terminal(), 0))
