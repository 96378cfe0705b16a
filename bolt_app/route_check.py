"""
What can be wrong with the routes although the file is sound: said loudly at start and when it is read again.

Never fatal, and nobody waits for it: a route that leads nowhere is mended while the others work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import structlog

from bolt_app.wiring import Wiring
from shared.bridge_config import RouteConfig, RoutingConfig
from shared.errors import CallError, Malformed, NotFound, Unavailable
from shared.log import reference
from shared.model.ids import ChannelId, TeamId
from shared.pagerduty.account import Priority, Service
from shared.pagerduty.people import Team

log = structlog.get_logger()

LONGEST = 60.0
"""Seconds that a check may take."""
MANY = 100
"""Where a search gives so many, what was not found may be among the rest."""

T = TypeVar("T")
Known = Sequence[Service] | Sequence[Team] | Sequence[Priority]
Look = Callable[[str], Awaitable[Known]]
"""Looks for what has this id or name. Whatever else it gives does no harm; `NotFound` when there is nothing."""


class RouteCheck:
    """Checks the routes that are in force against both sides, whenever they have changed."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._changed = asyncio.Event()
        self._changed.set()

    def changed(self) -> None:
        """Ask for a check, because there are other routes now."""
        self._changed.set()

    async def forever(self) -> None:
        """Check at once, and after each change. Ends only by being cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                async with asyncio.timeout(LONGEST):
                    await self.check(self._wiring.config.routing)
            except TimeoutError:
                log.warning("routes.unchecked", why=f"it took longer than {LONGEST:.0f} s")
            except Exception:
                # Nothing that the check does may end the worker.
                log.exception("routes.unchecked", reference=reference())

    async def check(self, routing: RoutingConfig) -> None:
        """Name every route that leads to a channel which cannot be posted to, or asks for what PagerDuty has not."""
        for channel, place in _channels(routing).items():
            await self._sound(place, self._channel(channel))
        for number, route in enumerate(routing.routes, 1):
            for field, wanted, look in self._wanted(route):
                await self._sound(f"routing.routes[{number}].{field}", _missing(field, wanted, look))

    def _wanted(self, route: RouteConfig) -> Iterator[tuple[str, str, Look]]:
        if route.service:
            yield "service", route.service, self._services
        if route.team:
            yield "team", route.team, self._teams
        if route.priority:
            yield "priority", route.priority, self._priorities

    async def _sound(self, place: str, check: Awaitable[str]) -> None:
        """Log what is wrong with one place of the file, if anything is, or that it could not be found out."""
        try:
            wrong = await check
        except (CallError, Malformed) as error:
            log.warning("route.unchecked", place=place, why=str(error))
            return
        if wrong:
            log.error("route.wrong", place=place, why=wrong)

    async def _channel(self, channel: ChannelId) -> str:
        try:
            found = await self._in_turn(lambda: self._wiring.slack.channel(channel))
        except NotFound:
            return f"Slack shows this app no channel {channel}: correct the id, or invite the app if it is private"
        if found.archived:
            return f"#{found.name} is archived: unarchive it, or name another channel"
        return "" if found.member else f"the app is not in #{found.name}: invite it there"

    async def _in_turn(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask Slack when there is room for it; whoever waits for something goes first."""
        while True:
            try:
                return await ask()
            except Unavailable as error:
                if error.retry_after is None:
                    raise
                await asyncio.sleep(error.retry_after)

    async def _services(self, wanted: str) -> Known:
        pagerduty = self._wiring.pagerduty
        return await pagerduty.services(wanted) or [await pagerduty.service(wanted)]

    async def _teams(self, wanted: str) -> Known:
        pagerduty = self._wiring.pagerduty
        return await pagerduty.teams(wanted) or [await pagerduty.team(TeamId(wanted))]

    async def _priorities(self, _: str) -> Known:
        return await self._wiring.pagerduty.priorities()


async def _missing(kind: str, wanted: str, look: Look) -> str:
    try:
        found = await look(wanted)
    except NotFound:
        found = ()
    if any(wanted in (known.id, known.name) for known in found) or len(found) >= MANY:
        return ""
    return f"PagerDuty has no {kind} {wanted!r}, so this route takes nothing: give its id, or its name as shown there"


def _channels(routing: RoutingConfig) -> dict[ChannelId, str]:
    """List every channel once, with the first place that names it."""
    places = {ChannelId(routing.default_channel): "routing.default_channel"} if routing.default_channel else {}
    for number, route in enumerate(routing.routes, 1):
        for channel in route.all_channels:
            places.setdefault(ChannelId(channel), f"routing.routes[{number}]")
    return places
