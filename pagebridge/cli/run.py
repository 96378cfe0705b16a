"""
`pagebridge run`: receiver and worker for a real workspace, on one machine.

Unless REDIS_URL is set they share an embedded Valkey.
SIGTERM, SIGINT and SIGHUP stop it. When one process ends the others are stopped too: a supervisor starts all again.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from pagebridge.child import Child
from pagebridge.embedded_valkey import EmbeddedValkey
from shared.bridge_config import load_bridge_config
from shared.settings import Environment, Settings, load

PROCESSES = ((sys.executable, "-m", "webhook_receiver"), (sys.executable, "-m", "bolt_app"))
DATA = Path(".pagebridge/valkey")
"""Where the embedded Valkey keeps its data when not told otherwise."""
GRACE = 20.0
"""Seconds that a process has for what it has in hand, after SIGTERM. Longer than the processes' own."""


class _Store(Environment):
    """Whether there is a Redis already."""

    redis_url: SecretStr | None = None


def add(commands: typer.Typer) -> None:
    """Add this command to the command line."""
    commands.command(epilog="Example: pagebridge run --data /var/lib/pagebridge")(run)


def run(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where the embedded Valkey keeps its data.")] = DATA,
) -> None:
    """Run receiver and worker, with an embedded Valkey unless REDIS_URL is set."""
    raise typer.Exit(asyncio.run(_run(data)))


async def _run(data: Path) -> int:
    embedded = None if load(_Store).redis_url else EmbeddedValkey(data)
    settings = load(Settings, redis_url=embedded.url) if embedded else load(Settings)
    if settings.bridge_config.exists():  # that it is missing is for the processes to say
        load_bridge_config(settings.bridge_config)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with embedded or nullcontext():
        sys.stdout.write(_greeting(settings, data if embedded else None))
        sys.stdout.flush()
        environment = {**os.environ, "REDIS_URL": settings.redis_url.get_secret_value()}
        return await supervise(PROCESSES, environment, stopping, embedded)


async def supervise(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    stopping: asyncio.Event,
    store: EmbeddedValkey | None = None,
    grace: float = GRACE,
) -> int:
    """
    Run `commands` until one of them or `store` ends or `stopping` is set; then stop the commands, and at last `store`.

    Returns the first exit code that was not 0, as a shell gives it: 128 + n after signal n.
    """
    children = [Child(command, environment=environment) for command in commands]
    codes: list[int] = []
    async with asyncio.TaskGroup() as group:
        for ended in [*(child.wait() for child in children), *([store.wait()] if store else [])]:
            group.create_task(_watch(ended, codes, stopping))
        await stopping.wait()
        await asyncio.gather(*(child.stop(grace) for child in children))
        if store:
            await store.stop()
    return next((code if code > 0 else 128 - code for code in codes if code), 0)


async def _watch(ended: Awaitable[int], codes: list[int], stopping: asyncio.Event) -> None:
    codes.append(await ended)
    stopping.set()


def _greeting(settings: Settings, data: Path | None) -> str:
    host = "localhost" if settings.receiver_host in {"0.0.0.0", "::"} else settings.receiver_host  # noqa: S104 - compared
    url = f"http://{host}:{settings.receiver_port}/webhooks/pagerduty"
    lines = [f"Webhooks: {url} (PagerDuty needs a public https address that leads there)"]
    if data:
        lines.append(f"Embedded Valkey: its data are in {data.absolute()} (REDIS_URL replaces it)")
    return "\n".join(lines) + "\n"
