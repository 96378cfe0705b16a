"""A resync of an account in which nothing happens, in virtual time: how long it takes, and what it calls."""

import asyncio

from shared.durations import Durations
from tests.bench.measurement import Figure, Sizes, played

SHARE = 10
"""Open incidents for each channel."""


async def measured(sizes: Sizes) -> list[Figure]:
    """Compare a few open incidents with PagerDuty and Slack, and many, each in a process of its own."""
    found = await asyncio.gather(
        *(played("upkeep_simulation", incidents, incidents // SHARE) for incidents in sizes.upkeep)
    )
    return [figure for incidents, took in zip(sizes.upkeep, found, strict=True) for figure in _figures(incidents, took)]


def _figures(incidents: int, took: dict[str, float]) -> list[Figure]:
    section = f"Resync: {incidents:,} open incidents with notes, nothing changes, channels: {incidents // SHARE:,}"
    calls = sum(took.get(kind, 0) for kind in ("pages of the list", "incidents", "notes"))
    return [
        Figure(section, "one pass", took["seconds"], "s", Durations().resync, "when the next one is due"),
        Figure(section, "calls to PagerDuty", calls, "", took["pages of the list"], "pages of the list"),
        Figure(section, "incidents read by themselves", took.get("incidents", 0), "", 0, "none"),
        Figure(section, "channels swept", took.get("conversations.history", 0), "", incidents // SHARE, "all"),
    ]
