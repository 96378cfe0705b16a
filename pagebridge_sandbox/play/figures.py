"""The worker's metrics, read while it runs."""

import asyncio
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from pagebridge_sandbox.demo.processes import Bridge, ProcessFailed

QUEUE_METRIC = "pagebridge_queue_incidents"
INTERVAL = 1.0
"""Seconds between two looks: the worker has to answer each, and what has come to rest is quiet for longer."""


@dataclass
class Figures:
    """`open_commands` is how many incidents have requests of people under way; None while the worker does not say."""

    open_commands: int | None = None

    async def watch(self, bridge: Bridge) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                self.open_commands = _open_commands(await bridge.metrics(QUEUE_METRIC))
            except ProcessFailed:
                self.open_commands = None
            await asyncio.sleep(INTERVAL)


def _open_commands(metrics: str) -> int | None:
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == QUEUE_METRIC and sample.labels["queue"] == "commands":
                return int(sample.value)
    return None
