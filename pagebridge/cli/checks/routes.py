"""Checks of the routes: every channel can be posted to, and every service, team and priority exists."""

from collections.abc import Awaitable, Callable
from itertools import chain

from pagebridge.cli.checks.findings import Check, Verdict, failed, judged, passed
from shared.config.bridge_config import RoutingConfig
from shared.config.errors import Problem
from shared.diagnostics.route_checks import RouteChecks
from shared.errors import Refused
from shared.model.ids import ChannelId
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack

LONGEST = 60.0
"""Seconds that a check of a route may take: each waits for its turn at Slack."""
WORDS = "`pagebridge doctor` is testing whether this app can post here. This message will be deleted."


def checks(slack: Slack, pagerduty: PagerDuty, routing: RoutingConfig) -> list[Check]:
    """List the checks of the routes, one for each channel, and for each thing that a route asks for."""
    found = RouteChecks(slack, pagerduty)
    places = chain(found.channels(routing), found.conditions(routing))
    return [Check(place, _sound(check), LONGEST) for place, check in places]


def posting(slack: Slack, routing: RoutingConfig) -> list[Check]:
    """List the checks that post to every channel and delete it again: only that shows what a channel's rules allow."""
    channels = {routing.default_channel, *(channel for route in routing.routes for channel in route.all_channels)}
    return [_posting(slack, ChannelId(channel)) for channel in sorted(filter(None, channels))]


def _posting(slack: Slack, channel: ChannelId) -> Check:
    return Check(f"posting to {channel}", lambda: post(slack, channel), LONGEST)


async def post(slack: Slack, channel: ChannelId) -> Verdict:
    """Post to a channel, and delete it."""
    metadata = {"event_type": "pagebridge_doctor", "event_payload": {"channel": channel}}
    try:
        ts = await slack.announce(channel, text=WORDS, metadata=metadata)
        await slack.delete(channel, ts)
    except Refused as error:
        return failed(str(error), "allow the app to post in the channel's settings")
    return passed("posted a message and deleted it")


def _sound(check: Awaitable[Problem | None]) -> Callable[[], Awaitable[Verdict]]:
    async def look() -> Verdict:
        return judged(await check, "exists")

    return look
