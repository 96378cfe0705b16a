"""The storm, in virtual time: calls beside the fewest possible, time beside what Slack's limits force."""

import asyncio

from tests.bench.measurement import Figure, Sizes, played

CHANNELS = (1, 20)


async def measured(sizes: Sizes) -> list[Figure]:
    """Play the storm into one channel and into twenty, each in a process of its own."""
    plain = (played("check_storm", sizes.storm, channels) for channels in CHANNELS)
    *storms, digest = await asyncio.gather(*plain, played("check_digest", sizes.storm, 1))
    return [*(figure for storm in storms for figure in _figures(storm)), *_digest_figures(digest)]


def _figures(storm: dict[str, float]) -> list[Figure]:
    section = f"Storm: {storm['incidents']:g} incidents x 4 events in a minute, channels: {storm['channels']:g}"
    calls, fewest, limits = storm["posts"] + storm["updates"], storm["fewest"], "what Slack's limits force"
    return [
        Figure(section, "calls to Slack", calls, "", fewest, "the fewest that tell everything"),
        Figure(section, "calls refused by Slack (429)", storm["refused"], "", 0, "none"),
        Figure(section, "until all is told", storm["seconds"], "s", storm["forced"], limits),
        Figure(section, "until the last card is there", storm["cards"], "s", storm["soonest"], limits),
    ]


def _digest_figures(storm: dict[str, float]) -> list[Figure]:
    section = f"Storm with a digest: {storm['incidents']:g} incidents, half of low urgency, channels: 1"
    return [
        Figure(section, "calls to Slack", storm["calls"], "", storm["fewest"], "the fewest that tell everything"),
        Figure(
            section, "until the digest shows a change, at most", storm["stale_digest"], "s", 30, "what people expect"
        ),
        Figure(section, "until a card shows a change, at most", storm["stale_card"], "s", 30, "what people expect"),
    ]
