"""Checks of the local processes through their loopback endpoints."""

import json

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from shared.http.server import LOOPBACK

PATIENCE = aiohttp.ClientTimeout(total=2.0)
REFUSED = "401"
DELIVERIES = "pagebridge_deliveries_total"
STORE = "pagebridge_store_seconds"
"""A metric that every receiver has from its start, and no other process."""


class Worker:
    """The worker on this machine, if there is one."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def slack_connections(self) -> int:
        """Count its connections to Slack; 0 when there is no worker here."""
        try:
            found = json.loads(await _page(self._port, "/readyz"))
            return int(found["slack_connections"])
        except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
            return 0


class Receiver:
    """The receiver on this machine, if there is one. `port` is its admin port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def is_here(self) -> bool:
        """True if one runs on this machine."""
        return await self.turned_away() is not None

    async def turned_away(self) -> float | None:
        """Count the deliveries that it has turned away for their signature; None when there is no receiver here."""
        try:
            families = list(text_string_to_metric_families(await _page(self._port, "/metrics")))
        except (aiohttp.ClientError, OSError, ValueError):
            return None
        deliveries = [sample for family in families for sample in family.samples if sample.name == DELIVERIES]
        here = any(family.name == STORE for family in families)
        return sum(each.value for each in deliveries if each.labels.get("answer") == REFUSED) if here else None


async def _page(port: int, path: str) -> str:
    async with (
        aiohttp.ClientSession(timeout=PATIENCE, trust_env=False) as http,
        http.get(f"http://{LOOPBACK}:{port}{path}") as answer,
    ):
        return await answer.text()
