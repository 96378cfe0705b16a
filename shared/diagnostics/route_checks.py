"""Checks of valid routes against the platforms: channels that do not exist, conditions that match nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from shared.config.bridge_config import HandoverConfig, RoutingConfig
from shared.config.errors import Problem
from shared.errors import NotFound, Unavailable
from shared.model.ids import ChannelId, TeamId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import Priority, Service, Team
from shared.slack.api.client import Slack

MANY = 100
"""Where a search gives so many, what was not found may be among the rest."""

T = TypeVar("T")
Known = Sequence[Service] | Sequence[Team] | Sequence[Priority]
Look = Callable[[str], Awaitable[Known]]
"""Looks up an id or a name; raises `NotFound` if it does not exist."""
Check = Callable[[], Awaitable[Problem | None]]


class RouteChecks:
    """Checks every place of the routing against both sides."""

    def __init__(self, slack: Slack, pagerduty: PagerDuty) -> None:
        self._slack = slack
        self._pagerduty = pagerduty

    def channels(self, routing: RoutingConfig, handovers: Iterable[HandoverConfig] = ()) -> Iterator[tuple[str, Check]]:
        """Give for every channel the place that first names it, and its check, which may raise as a call does."""
        places = {routing.default_channel: "routing.default_channel"} if routing.default_channel else {}
        for number, route in enumerate(routing.routes, 1):
            for channel in route.all_channels:
                places.setdefault(channel, f"routing.routes[{number}]")
        for number, handover in enumerate(handovers, 1):
            places.setdefault(handover.channel, f"handovers[{number}]")
        for channel, place in places.items():
            yield place, partial(self.channel, ChannelId(channel))

    def conditions(self, routing: RoutingConfig) -> Iterator[tuple[str, Check]]:
        """Return a check for every condition of the routes, with its position: that PagerDuty has the object."""
        for number, route in enumerate(routing.routes, 1):
            conditions: tuple[tuple[str, str | None, Look], ...] = (
                ("service", route.service, self._services),
                ("team", route.team, self._teams),
                ("priority", route.priority, self._priorities),
            )
            for field, wanted, look in conditions:
                if wanted:
                    yield f"routing.routes[{number}].{field}", partial(_missing, field, wanted, look)

    async def channel(self, channel: ChannelId) -> Problem | None:
        """Return the problem if the app can't post to a channel."""
        try:
            found = await in_turn(lambda: self._slack.channel(channel))
        except NotFound:
            what = f"this app can't see channel {channel}"
            return Problem(what, "fix the id, or invite the app if it is private")
        if found.archived:
            return Problem(f"#{found.name} is archived", "unarchive it, or name another channel")
        return None if found.member else Problem(f"the app is not in #{found.name}", "invite it there")

    async def _services(self, wanted: str) -> Known:
        return await self._pagerduty.services(wanted) or [await self._pagerduty.service(wanted)]

    async def _teams(self, wanted: str) -> Known:
        return await self._pagerduty.teams(wanted) or [await self._pagerduty.team(TeamId(wanted))]

    async def _priorities(self, _: str) -> Known:
        return await self._pagerduty.priorities()


async def in_turn(ask: Callable[[], Awaitable[T]]) -> T:
    """Call Slack or PagerDuty when its rate limit has room; more urgent calls go first. Raises as the call does."""
    while True:
        try:
            return await ask()
        except Unavailable as error:
            if error.retry_after is None:
                raise
            await asyncio.sleep(error.retry_after)


async def _missing(kind: str, wanted: str, look: Look) -> Problem | None:
    try:
        found = await look(wanted)
    except NotFound:
        found = ()
    if any(wanted in (known.id, known.name) for known in found) or len(found) >= MANY:
        return None
    what = f"PagerDuty has no {kind} {wanted!r}, so this route never matches"
    return Problem(what, "use its id, or its exact name in PagerDuty")
