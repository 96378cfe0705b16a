"""Checks of valid routes against the platforms: channels that do not exist, conditions that match nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from shared.config.bridge_config import BridgeConfig, RouteConfig, RoutingConfig
from shared.config.chosen_config import Chosen
from shared.config.errors import Problem
from shared.errors import NotFound, Refused, Unavailable
from shared.model.ids import ChannelId, TeamId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import Priority, Service, Team
from shared.slack.api.client import Slack
from shared.slack.api.errors import NO_GROUPS
from shared.slack.api.user_groups import UserGroup, find_group

MANY = 100
"""Where a search gives so many, what was not found may be among the rest."""

T = TypeVar("T")
Known = Sequence[Service] | Sequence[Team] | Sequence[Priority]
Look = Callable[[str], Awaitable[Known]]
"""Looks up an id or a name; raises `NotFound` if it does not exist."""
Check = Callable[[], Awaitable[Problem | None]]


class RouteChecks:
    """Checks every place of `bridge.toml` that names something of Slack or PagerDuty."""

    def __init__(self, slack: Slack, pagerduty: PagerDuty) -> None:
        self._slack = slack
        self._pagerduty = pagerduty

    def channels(self, config: BridgeConfig) -> Iterator[tuple[str, Check]]:
        """Give for every channel the place that first names it, and its check, which may raise as a call does."""
        routing = config.routing
        places = {routing.default_channel: "routing.default_channel"} if routing.default_channel else {}
        for number, route in enumerate(routing.routes, 1):
            for channel in route.all_channels:
                places.setdefault(channel, f"routing.routes[{number}]")
        for number, handover in enumerate(config.handovers, 1):
            places.setdefault(handover.channel, f"handovers[{number}]")
        for number, group in enumerate(config.oncall_groups, 1):
            for channel in filter(None, (group.channel, group.tell)):
                places.setdefault(channel, f"oncall_groups[{number}]")
        for channel, place in places.items():
            yield place, partial(self.channel, ChannelId(channel))

    def conditions(self, config: BridgeConfig) -> Iterator[tuple[str, Check]]:
        """Return a check for every condition, with its position: that PagerDuty has the object."""
        for place, chosen in _choices(config):
            conditions: tuple[tuple[str, str | None, Look], ...] = (
                ("service", chosen.service, self._services),
                ("team", chosen.team, self._teams),
                ("priority", chosen.priority, self._priorities),
            )
            for field, wanted, look in conditions:
                if wanted:
                    yield f"{place}.{field}", partial(_missing, field, wanted, look)
        for place, part in _routes(config.routing):
            if part.digest_priorities:
                yield f"{place}.digest_priorities", partial(self._lacks_priorities, part.digest_priorities)

    def duties(self, config: BridgeConfig) -> Iterator[tuple[str, Check]]:
        """Return a check for every policy and schedule whose people are followed, with its position."""
        for number, handover in enumerate(config.handovers, 1):
            yield f"handovers[{number}].policy", partial(self._policy, handover.policy, 1)
        for number, group in enumerate(config.oncall_groups, 1):
            for policy in group.policies:
                yield f"oncall_groups[{number}].policies", partial(self._policy, policy, max(group.levels))
            for schedule in group.schedules:
                yield f"oncall_groups[{number}].schedules", partial(self._schedule, schedule)

    def groups(self, config: BridgeConfig) -> Iterator[tuple[str, Check]]:
        """Return a check for every user group, with its position; all of them are read once."""
        known: list[tuple[UserGroup, ...]] = []
        lock = asyncio.Lock()

        async def groups() -> tuple[UserGroup, ...]:
            async with lock:
                if not known:
                    known.append(await in_turn(self._slack.user_groups))
            return known[0]

        named = [(number, group.group) for number, group in enumerate(config.oncall_groups, 1) if group.group]
        for number, wanted in named:
            others = [other for at, other in named if at < number]
            yield f"oncall_groups[{number}].group", partial(_group, groups, wanted, others)

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

    async def _policy(self, policy: str, level: int) -> Problem | None:
        try:
            found = await self._pagerduty.escalation_policy(policy)
        except NotFound:
            return Problem(f"PagerDuty has no escalation policy {policy}", "use its id, which is in its web address")
        if len(found.levels) < level:
            return Problem(f"{found.name} has no level {level}", "name a level that it has")
        return None

    async def _schedule(self, schedule: str) -> Problem | None:
        now_ms = self._pagerduty.server_clock.now_ms() or (await self._pagerduty.clock()).ms
        if await self._pagerduty.is_schedule_used(schedule, now_ms):
            return None
        what = f"PagerDuty names no one on call in schedule {schedule} for the next four weeks"
        return Problem(what, "use its id, let an escalation policy use it, and fill it")

    async def _services(self, wanted: str) -> Known:
        return await self._pagerduty.services(wanted) or [await self._pagerduty.service(wanted)]

    async def _teams(self, wanted: str) -> Known:
        return await self._pagerduty.teams(wanted) or [await self._pagerduty.team(TeamId(wanted))]

    async def _priorities(self, _: str) -> Known:
        return await self._pagerduty.priorities()

    async def _lacks_priorities(self, wanted: Collection[str]) -> Problem | None:
        """Return the problem if PagerDuty lacks some of these priorities: one for all of them."""
        known = await self._pagerduty.priorities()
        unknown = [name for name in sorted(wanted) if not any(name in (each.id, each.name) for each in known)]
        if not unknown:
            return None
        named = ", ".join(f"{name!r}{_meant(name, known)}" for name in unknown)
        what = f"PagerDuty has no priority {named}: it makes no incident less important"
        return Problem(what, _use_one_of(known))


async def in_turn(ask: Callable[[], Awaitable[T]]) -> T:
    """Call Slack or PagerDuty when its rate limit has room; more urgent calls go first. Raises as the call does."""
    while True:
        try:
            return await ask()
        except Unavailable as error:
            if error.retry_after is None:
                raise
            await asyncio.sleep(error.retry_after)


async def _group(
    read: Callable[[], Awaitable[Sequence[UserGroup]]], wanted: str, others: Sequence[str]
) -> Problem | None:
    try:
        groups = await read()
    except Refused as error:
        if error.code in NO_GROUPS:
            return Problem("this Slack plan has no user groups", "use a plan that has them, or take `group` out")
        raise
    found = find_group(groups, wanted)
    if found is None:
        return Problem(f"Slack has no user group {wanted}", "create it, or use its handle or id")
    if found.disabled_at:
        return Problem(f"the user group {wanted} is disabled", "enable it in Slack")
    if found in [find_group(groups, other) for other in others]:
        return Problem(f"{wanted} is named twice", "list all schedules and policies in one entry")
    return None


def _choices(config: BridgeConfig) -> Iterator[tuple[str, Chosen]]:
    """Yield every part of the configuration that selects incidents, with its position."""
    channels = config.incident_channels.automatic if config.incident_channels else ()
    parts: dict[str, Sequence[Chosen]] = {
        "routing.routes": config.routing.routes,
        "reminders": config.reminders,
        "incident_channels.automatic": channels,
    }
    for name, chosen in parts.items():
        for number, each in enumerate(chosen, 1):
            yield f"{name}[{number}]", each


def _routes(routing: RoutingConfig) -> Iterator[tuple[str, RoutingConfig | RouteConfig]]:
    """Return what holds for all routes, and each route, with its position."""
    yield "routing", routing
    for number, route in enumerate(routing.routes, 1):
        yield f"routing.routes[{number}]", route


async def _missing(kind: str, wanted: str, look: Look) -> Problem | None:
    try:
        found = await look(wanted)
    except NotFound:
        found = ()
    if any(wanted in (known.id, known.name) for known in found) or len(found) >= MANY:
        return None
    what = f"PagerDuty has no {kind} {wanted!r}{_meant(wanted, found)}, so this never matches"
    fix = _use_one_of(found) if kind == "priority" else "use its id, or its exact name in PagerDuty"
    return Problem(what, fix)


def _meant(wanted: str, known: Known) -> str:
    """Return which of these a mistyped name probably was to be."""
    names = {each.name.casefold(): each.name for each in known}
    close = get_close_matches(wanted.casefold(), names, 1)
    return f" (did you mean {names[close[0]]}?)" if close else ""


def _use_one_of(priorities: Known) -> str:
    names = ", ".join(each.name for each in priorities)
    return f"use the exact name or the id of one of {names}" if names else "add priorities in PagerDuty, or remove it"
