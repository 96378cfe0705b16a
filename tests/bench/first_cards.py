"""When first cards are there, in the durations of production: while Slack fails, and at a start without data."""

import time
from pathlib import Path

from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.slack import Channel, Fault
from tests.bench.environment import until
from tests.bench.measurement import Figure, Sizes
from tests.stories.harness import SECRET
from tests.stories.processes import Deployment, deployed

FAILURES = 2
"""Posts of one card that Slack answers with 503."""


async def measured(directory: Path, sizes: Sizes) -> list[Figure]:
    """Let Slack refuse the first posts of a card; then start the first worker, with deliveries that wait for it."""
    async with deployed(directory / "refused") as bridge:
        found = await _refused(bridge)
    async with deployed(directory / "cold") as bridge:
        return [*found, *await _cold(bridge, *sizes.cold)]


async def _refused(bridge: Deployment) -> list[Figure]:
    await _receiving(bridge)
    await bridge.worker()
    bridge.slack.add_fault(Fault("chat.postMessage", http_status=503, times=FAILURES))
    begun = time.monotonic()
    bridge.trigger()
    await until(lambda: bool(bridge.channel.messages), "the card")
    seconds = time.monotonic() - begun
    section = f"Slack answers the first {FAILURES} posts of a card with 503"
    posts = len(bridge.slack.calls_to("chat.postMessage"))
    return [
        Figure(section, "until the card is there", seconds, "s", 8.0, "at most"),
        Figure(section, "posts", posts, "", FAILURES + 1, "those that fail, and one"),
    ]


async def _cold(bridge: Deployment, incidents: int, channels: int) -> list[Figure]:
    """Open incidents in so many channels before there is a worker; start the first one, and wait for the cards."""
    homes = _channels(bridge, channels)
    await _receiving(bridge)
    for number in range(incidents):
        bridge.pagerduty.trigger(homes[number % channels][0], f"Cold {number:03}")
    await bridge.pagerduty.webhooks.wait_until_idle()
    begun = time.monotonic()
    await bridge.worker()
    await until(lambda: sum(len(channel.messages) for _, channel in homes) >= incidents, "every card")
    seconds = time.monotonic() - begun
    section = f"A first start into {incidents} open incidents in {channels} channels"
    return [
        Figure(section, "until every card is there", seconds, "s", 25.0, "at most"),
        *(
            Figure(section, name, len(bridge.slack.calls_to(method)), "", fewest, beside)
            for name, method, fewest, beside in (
                ("posts", "chat.postMessage", incidents, "one for each incident"),
                ("reads of a channel", "conversations.history", channels, "one for each; more are the sweep's"),
            )
        ),
    ]


async def _receiving(bridge: Deployment) -> None:
    await bridge.receiver()
    bridge.pagerduty.subscribe(f"http://{HOST}:{bridge.receiver_port}/webhooks/pagerduty", secrets=[SECRET])


def _channels(bridge: Deployment, count: int) -> list[tuple[str, Channel]]:
    """Add so many services with a channel each, and write their routes into `bridge.toml`."""
    policy = bridge.pagerduty.add_escalation_policy("Everything", [["PALICE1"]]).id
    homes = []
    for number in range(count):
        service = bridge.pagerduty.add_service(f"service-{number:02}", policy).id
        homes.append((service, bridge.slack.add_channel(f"service-{number:02}")))
    routes = [f'[[routing.routes]]\nservice = "{service}"\nchannel = "{channel.id}"\n' for service, channel in homes]
    bridge.config.write_text("\n".join(routes), encoding="utf-8")
    return homes
