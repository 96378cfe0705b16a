"""From a click to PagerDuty, and from a webhook to the card: every hop over real sockets, as the simulators saw it."""

import time
from dataclasses import dataclass, field

import aiohttp

from pagebridge_sandbox.slack import Message
from tests.bench.environment import until
from tests.bench.measurement import Figure, Sizes, spread
from tests.stories.processes import Deployment

SECTION = "Latency"
CALL = "the same call alone"


@dataclass
class Taken:
    """Seconds from the click to PagerDuty's `GET` and `PUT`, and from the webhook to `chat.update`."""

    get: list[float] = field(default_factory=list)
    put: list[float] = field(default_factory=list)
    update: list[float] = field(default_factory=list)


async def measured(bridge: Deployment, sizes: Sizes) -> list[Figure]:
    """Let Alice acknowledge incidents from Slack, and Bob resolve them in PagerDuty, one after the other."""
    taken = Taken()
    for number in range(sizes.clicks + 1):
        await _one_incident(bridge, f"Latency {number}", taken if number else Taken())  # the first one warms up
    read, update = await _alone(bridge, sizes.clicks)
    return [
        *spread(SECTION, "click to GET at PagerDuty", taken.get, read, CALL),
        *spread(SECTION, "click to PUT at PagerDuty", taken.put, read, "a GET alone"),
        *spread(SECTION, "webhook sent to chat.update", taken.update, update, CALL),
    ]


async def _one_incident(bridge: Deployment, title: str, taken: Taken) -> None:
    incident = bridge.trigger(title)
    card = await bridge.card(title)
    click = await bridge.click("Alice", "Acknowledge", card)
    await until(lambda: "Acknowledged" in card.plain and len(card.replies) == 1, "the acknowledge")
    clicked = click.envelope.sent_at if click.envelope else 0.0
    taken.get.append(_first(bridge, "GET", f"/incidents/{incident.id}", clicked) - clicked)
    taken.put.append(_first(bridge, "PUT", f"/incidents/{incident.id}", clicked) - clicked)
    bridge.pagerduty.web("PBOB1").resolve(incident.id)
    await until(lambda: "Resolved" in card.plain, "the resolve")
    taken.update.append(_shown(bridge, card) - _sent(bridge))


def _first(bridge: Deployment, method: str, path: str, since: float) -> float:
    return next(
        at for call in bridge.pagerduty.calls_to(method, path) if (at := call.at.timestamp()) >= since - _CLOCKS
    )


_CLOCKS = 0.001
"""Seconds by which the simulators' clocks may differ: PagerDuty's is never behind its last change."""


def _sent(bridge: Deployment) -> float:
    """Tell when the last webhook of a resolve was sent."""
    log = bridge.pagerduty.webhooks.log
    return next(one.at.timestamp() for one in reversed(log) if one.event_type == "incident.resolved")


def _shown(bridge: Deployment, card: Message) -> float:
    """Tell when the last update of the card came."""
    calls = bridge.slack.calls
    return next(one.time for one in reversed(calls) if one.method == "chat.update" and one.arguments["ts"] == card.ts)


async def _alone(bridge: Deployment, count: int) -> tuple[list[float], list[float]]:
    """Measure what a read of PagerDuty takes by itself, and an update of a message."""
    incident, card = bridge.pagerduty.incidents[0], bridge.channel.messages[0]
    reading = {"Authorization": f"Token token={bridge.pagerduty.token}"}
    writing = {"Authorization": f"Bearer {bridge.slack.bot_token}"}
    said = {"channel": bridge.channel.id, "ts": card.ts, "text": "measured"}
    read: list[float] = []
    update: list[float] = []
    async with aiohttp.ClientSession() as http:
        for _ in range(count):
            begun = time.perf_counter()
            async with http.get(f"{bridge.pagerduty.url}/incidents/{incident.id}", headers=reading) as answer:
                await answer.read()
            read.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            async with http.post(f"{bridge.slack.api_url}chat.update", headers=writing, json=said) as answer:
                await answer.read()
            update.append(time.perf_counter() - begun)
    return read, update
