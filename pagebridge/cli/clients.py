"""The clients of commands: Slack and PagerDuty, the store, and local processes, each with its own settings alone."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import aiohttp
import typer
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from pagebridge.cli import FAILED, MISCONFIGURED
from pagebridge.cli.place import StoreSettings
from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.config.bridge_config import BridgeConfig
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured
from shared.config.settings import Environment, PagerDutySettings, S, SlackSettings, load
from shared.errors import StoreDown, Unavailable, WrongPassword
from shared.http.hosts import LOOPBACK, from_here
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store.clock import require_layout
from shared.store.durability import probe
from shared.store.redis import Redis, connect

TIMEOUT = 8.0
"""Seconds that one call to Slack or PagerDuty may take."""
STORE_TIMEOUT = 10.0
"""Seconds that one read of the store may take."""
PAGE_TIMEOUT = aiohttp.ClientTimeout(total=2.0)
TRIES = 10
"""How often a directory is read again that a limit has cut short."""
REFUSED = "401"
DELIVERIES = "pagebridge_deliveries_total"
T = TypeVar("T")
STORE = "pagebridge_store_seconds"
"""A metric that every receiver has from its start, and no other process."""

Data = Annotated[
    Path, typer.Option(metavar="DIR", help="Where `pagebridge up` keeps its data, unless REDIS_URL is set.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


class _Secrets(Environment):
    """Every secret that may be set here."""

    redis_url: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    pagerduty_client_secret: SecretStr | None = None
    pagerduty_link_client_secret: SecretStr | None = None
    pagerduty_api_token: SecretStr | None = None
    pagerduty_webhook_secrets: SecretStr | None = None


class _BridgeFile(Environment):
    """Where `bridge.toml` is."""

    bridge_config: Path = Path("bridge.toml")


def bridge_config() -> BridgeConfig:
    """Read `bridge.toml`, or take the defaults where there is none. Raises `Misconfigured`."""
    path = load(_BridgeFile).bridge_config
    return load_bridge_config(path) if path.exists() else BridgeConfig()


def known_secrets() -> list[str]:
    """List every secret that is set here, so that it can be hidden wherever it turns up."""
    found = list(load(_Secrets).secrets())
    return [*found, *(part.strip() for secret in found for part in secret.split(","))]


def is_receivers_alone() -> bool:
    """True if a receiver's secret is set here and none of a worker's: it holds no Slack and no PagerDuty token."""
    given = {name for name, value in loaded(_Secrets) or () if value is not None}
    return "pagerduty_webhook_secrets" in given and given <= {"pagerduty_webhook_secrets", "redis_url"}


def loaded(kind: type[S]) -> S | None:
    """Read some of the settings; None if something is wrong with them, which the check of all of them tells."""
    try:
        return load(kind)
    except Misconfigured:
        return None


def pagerduty_door(settings: PagerDutySettings) -> aclosing[PagerDuty]:
    """Open the door to PagerDuty, as a context."""
    return aclosing(PagerDuty.from_settings(settings, TIMEOUT))


async def patiently(read: Callable[[], AsyncIterator[T]], step: Callable[[], object] = int) -> list[T]:
    """Read all of a directory, with a `step` for each; where a limit cuts it short, wait as it says and begin again."""
    for left in reversed(range(TRIES + 1)):
        found: list[T] = []
        try:
            async for each in read():
                found.append(each)
                step()
        except Unavailable as error:
            if not left:
                raise
            await asyncio.sleep(error.retry_after or 1.0)
        else:
            break
    return found


def slack_door(settings: SlackSettings) -> aclosing[Slack]:
    """Open the door to Slack, as a context."""
    return aclosing(Slack(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, TIMEOUT))


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Redis]:
    """Open `REDIS_URL` or the embedded Valkey; if that fails, end with the reason and the fix. Raises `WrongLayout`."""
    given = load(StoreSettings).redis_url
    url = given.get_secret_value() if given else EmbeddedValkey(data).url
    async with aclosing(connect(url, timeout=STORE_TIMEOUT)) as redis:
        try:
            await require_layout(redis)
            yield redis
        except StoreDown as error:
            rejected = isinstance(error, WrongPassword)
            fix = "" if rejected else " Check that it runs, and that REDIS_URL leads to it."
            sys.stderr.write(f"Can't read the store: {f'{error}{fix}' if given else _nobody(data)}\n")
            raise typer.Exit(MISCONFIGURED if rejected else FAILED) from error


async def waits_for_disk(redis: Redis) -> bool:
    """
    Return whether a write is to wait for the disk, and can; it waits for a replica from now on where one is wanted.

    Both as `durability` in `bridge.toml` says. Raises `Misconfigured`, `StoreDown`.
    """
    wanted = bridge_config().durability
    redis.waits_for_replica = wanted == "replica"
    return wanted != "memory" and (await probe(redis)).fsync


def _nobody(data: Path) -> str:
    return f"no `pagebridge up` is using {data.absolute()}: start it, pass its --data, or set REDIS_URL"


@dataclass(frozen=True)
class Worker:
    """The worker on this machine, if there is one. `hosts` is its ADMIN_HOST."""

    port: int
    hosts: str = LOOPBACK

    async def health(self) -> dict[str, object] | None:
        """Return what it says of itself; None when there is no worker here."""
        try:
            found = json.loads(await _page(self.hosts, self.port, "/readyz"))
        except (aiohttp.ClientError, OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) and "ready" in found else None

    async def socket_mode(self) -> str:
        """Return how it is connected to Slack; empty when it is not, or there is no worker here."""
        found = await self.health() or {}
        if found.get("slack_standby"):
            return "stands by: other workers have the connections"
        open_now = found.get("slack_connections")
        return f"has {open_now} connection{'s' * (open_now != 1)}" if open_now else ""


@dataclass(frozen=True)
class Receiver:
    """The receiver on this machine, if there is one. `port` is its admin port, `hosts` its ADMIN_HOST."""

    port: int
    hosts: str = LOOPBACK

    async def turned_away(self) -> float | None:
        """Count the deliveries that it has turned away for their signature; None when there is no receiver here."""
        try:
            families = list(text_string_to_metric_families(await _page(self.hosts, self.port, "/metrics")))
        except (aiohttp.ClientError, OSError, ValueError):
            return None
        if not any(family.name == STORE for family in families):
            return None
        deliveries = (sample for family in families for sample in family.samples if sample.name == DELIVERIES)
        return sum(each.value for each in deliveries if each.labels.get("answer") == REFUSED)


async def _page(hosts: str, port: int, path: str) -> str:
    async with (
        aiohttp.ClientSession(timeout=PAGE_TIMEOUT, trust_env=False) as http,
        http.get(f"http://{from_here(hosts)}:{port}{path}") as answer,
    ):
        return await answer.text()
