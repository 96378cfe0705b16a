"""
A storm through real sockets: whatever the machine is busy with, nothing is lost and nothing is told twice.

How fast it passes, and that Slack never has to say no, is measured where time does not depend on the machine:
`tests/proof/test_storm.py`.
"""

import asyncio
from dataclasses import dataclass, replace
from types import MappingProxyType

import pytest

from pagebridge_sandbox.slack import Channel, RateLimits
from tests.stories.harness import FAST, Bridge, running

PACE = 0.05
"""Seconds that count as one of Slack's."""
LINES = 3
INCIDENTS = 20
POST, UPDATE = "chat.postMessage", "chat.update"


@dataclass(frozen=True)
class Figures:
    """What a storm took. `refused` counts the calls that Slack found too fast."""

    incidents: int
    posts: int
    updates: int
    refused: int

    @property
    def fewest(self) -> int:
        """The posts without which not everything would be told: a card and its lines."""
        return self.incidents * (1 + LINES)


async def storm(incidents: int, channels: int) -> Figures:
    """Let a storm pass, and tell what it took. Raises `TimeoutError` when something is never told."""
    durations = replace(
        FAST, pace=PACE, slack_timeout=6.0, pagerduty_timeout=6.0, call_max=12.0, lease=10.0, name_lookup=5.0
    )
    routes = [{"service": f"service-{n}", "channel": f"C0STORM{n}"} for n in range(channels)]
    config = {"routes": routes, "default_channel": "C0INCIDENTS"}
    async with running(durations=durations, limits=faster(PACE), routing=config) as bridge:
        shown = [bridge.slack.add_channel(f"storm-{n}", id=f"C0STORM{n}") for n in range(channels)]
        _break_out(bridge, channels, incidents)
        async with asyncio.timeout(50):
            while not all(map(_complete, shown)) or sum(len(channel.messages) for channel in shown) < incidents:  # noqa: ASYNC110 -- asking at each change would take longer than the storm
                await asyncio.sleep(0.1)
        return _figures(bridge, incidents)


def faster(pace: float) -> RateLimits:
    """Give Slack's limits where so many seconds count as one."""
    real = RateLimits()
    tiers = MappingProxyType({tier: max(1, round(most / pace)) for tier, most in real.per_minute.items()})
    return RateLimits(per_minute=tiers, posts_per_second=real.posts_per_second / pace)


def _figures(bridge: Bridge, incidents: int) -> Figures:
    calls = bridge.slack.calls
    posts, updates = (sum(call.method == method for call in calls) for method in (POST, UPDATE))
    return Figures(incidents, posts, updates, sum(call.error == "ratelimited" for call in calls))


def _break_out(bridge: Bridge, services: int, incidents: int) -> None:
    pagerduty = bridge.pagerduty
    policy = pagerduty.add_escalation_policy("Storm", [["PALICE1"], ["PBOB1"]])
    ids = [pagerduty.add_service(f"service-{n}", policy.id).id for n in range(services)]
    opened = [pagerduty.trigger(ids[n % services], f"Storm {n}", "high" if n % 2 else "low") for n in range(incidents)]
    for incident in opened:
        pagerduty.web("PALICE1").acknowledge(incident.id)
        pagerduty.web("PALICE1").reassign(incident.id, ["PBOB1"])
        pagerduty.web("PBOB1").resolve(incident.id)


def _complete(channel: Channel) -> bool:
    """Tell whether every card of a channel says how its incident ended, and has all of its lines."""
    return all("Resolved" in message.text and len(message.replies) == LINES for message in channel.messages)


@pytest.mark.parametrize("channels", [1, 20])
async def test_a_storm_passes(channels: int) -> None:
    """Each incident has one card that says how it ended, and each event one line, and hardly anything else is sent."""
    figures = await storm(INCIDENTS, channels)

    assert figures.fewest == figures.posts - figures.refused
    # Three changes. What only a read can tell costs none where a card has to wait for its turn, and there are no more.
    assert figures.updates <= 3 * INCIDENTS
