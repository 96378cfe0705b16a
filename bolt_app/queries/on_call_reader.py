"""Reads who is on call, and what a name can stand for, at most once a minute: many may ask at once in an outage."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bolt_app.account_cache import CachedValue
from bolt_app.visibility import Visibility, team_ids
from shared.model.event import SECOND, Ref
from shared.model.ids import TeamId, UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import EscalationPolicy, OnCall, Service
from shared.store.clock import StoreClock

T = TypeVar("T")

KEPT = 60.0
"""Seconds for which what was read is taken as it was."""
AHEAD_MS = 8 * 86_400 * SECOND
"""Milliseconds that are looked ahead for who is next: shifts of a week are the longest that are common."""
MOST = 200
"""Names and policies of which what was read is kept."""


@dataclass(frozen=True)
class OnCallTarget:
    """A service or an escalation policy (`owned`), by its name; None for the policy of an incident."""

    name: str
    policy: Ref
    owned: Service | EscalationPolicy | None = None


@dataclass(frozen=True)
class PolicyOnCall:
    """A policy, who is on call for it now and in the next days, and the private ones of its teams."""

    policy: EscalationPolicy
    entries: Sequence[OnCall]
    private: frozenset[TeamId]


class OnCallReader:
    """Reads both, for all who ask."""

    def __init__(
        self, pagerduty: PagerDuty, visibility: Visibility, clock: StoreClock, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._pagerduty = pagerduty
        self._visibility = visibility
        self._clock = clock
        self._now = now
        self._targets: dict[str, CachedValue[tuple[OnCallTarget, ...]]] = {}
        self._teams: dict[str, CachedValue[frozenset[TeamId]]] = {}
        self._policies: dict[str, CachedValue[PolicyOnCall]] = {}

    async def targets(self, query: str) -> tuple[OnCallTarget, ...]:
        """Find the services and policies that `query` may stand for. Raises `CallError`, `Malformed`."""
        return await self._kept(self._targets, query, lambda: self._read_targets(query))

    async def policy(self, policy: str) -> PolicyOnCall:
        """Read who is on call for a policy. Raises `CallError`, `Malformed`."""
        return await self._kept(self._policies, policy, lambda: self._read_policy(policy))

    async def policies_of(self, user: UserId) -> list[str]:
        """Read for which policies a person is on call now or in the days that are looked ahead, the next first."""
        now_ms = self._clock.estimate_ms()
        entries = await self._pagerduty.on_calls_between(now_ms, now_ms + AHEAD_MS, user)
        by_time = sorted(entries, key=lambda entry: entry.since.ms if entry.since else 0)
        return list(dict.fromkeys(entry.policy.id for entry in by_time))

    async def _kept(self, kept: dict[str, CachedValue[T]], key: str, read: Callable[[], Awaitable[T]]) -> T:
        if key not in kept:
            if len(kept) >= MOST:
                kept.clear()
            kept[key] = CachedValue(read, self._now, KEPT)
        return await kept[key].get()

    async def private(self, *things: Service | EscalationPolicy) -> frozenset[TeamId]:
        """Read which of the teams that own these are private, as far as that can be read. Raises `CallError`."""
        teams = {team for thing in things for team in team_ids(thing) or ()}
        read = [self._kept(self._teams, team, partial(self._visibility.hiding, (team,))) for team in sorted(teams)]
        return frozenset().union(*await asyncio.gather(*read))

    async def _read_targets(self, query: str) -> tuple[OnCallTarget, ...]:
        services, policies = await asyncio.gather(
            self._pagerduty.services(query), self._pagerduty.escalation_policies(query)
        )
        own = [OnCallTarget(each.name, Ref(each.id, each.name), each) for each in policies]
        named = [OnCallTarget(each.name, each.escalation_policy, each) for each in services if each.escalation_policy]
        return (*own, *named)

    async def _read_policy(self, policy: str) -> PolicyOnCall:
        now_ms = self._clock.estimate_ms()
        read, entries = await asyncio.gather(
            self._pagerduty.escalation_policy(policy), self._pagerduty.on_calls(policy, now_ms, now_ms + AHEAD_MS)
        )
        return PolicyOnCall(read, entries, await self.private(read))
