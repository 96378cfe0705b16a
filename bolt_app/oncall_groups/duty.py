"""Reads who is on call for the entries of `[[oncall_groups]]`, and when that changes; they share one read."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bolt_app.account_cache import CachedValue, Now
from bolt_app.oncall_groups import words
from shared.config.bridge_config import LiveConfig
from shared.config.oncall_config import OncallGroupConfig
from shared.errors import NotFound
from shared.model.event import SECOND, Ref
from shared.model.oncall_state import Cause
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import OnCall, on_call_at
from shared.store.clock import StoreClock

KEPT = 60.0
"""Seconds for which an answer is reused: the entries are looked at one after the other."""
AHEAD_MS = 3600 * SECOND
"""Milliseconds for which shifts are read ahead."""

Sources = tuple[tuple[str, ...], tuple[str, ...]]
"""Escalation policies and schedules."""


@dataclass(frozen=True)
class Duty:
    """
    The people on call, sorted by name, and the seconds after which to look again at the latest.

    `people` is empty if no one is on call, or if a source may be missing; the causes say which.
    """

    people: tuple[Ref, ...]
    look_in: float


@dataclass
class DutyReader:
    """Reads all entries with two calls, and with more only where a source names no one."""

    pagerduty: PagerDuty
    clock: StoreClock
    config: LiveConfig
    look: float
    now: Now = time.monotonic
    _sources: Sources = field(default=((), ()), init=False)
    _read: CachedValue[tuple[OnCall, ...]] | None = field(default=None, init=False)

    async def read(self, entry: OncallGroupConfig, causes: dict[str, Cause]) -> Duty:
        """Read who is on call, and note in `causes` why there is no one. Raises `CallError`, `Malformed`."""
        entries = [each for each in await self._entries() if follows(entry, each)]
        now_ms = await self._now_ms()
        people = tuple(on_call_at(entries, now_ms).values())
        missing = await self._missing(entry, entries, now_ms)
        if missing or not people:
            causes |= missing or {"empty": words.no_one(entry)}
            people = ()
        return Duty(people, look_in(entries, now_ms, self.look))

    async def _entries(self) -> tuple[OnCall, ...]:
        groups = self.config.current.oncall_groups
        sources = _distinct(each.policies for each in groups), _distinct(each.schedules for each in groups)
        if self._read is None or sources != self._sources:
            self._sources, self._read = sources, CachedValue(self._read_all, self.now, KEPT)
        return await self._read.get()

    async def _read_all(self) -> tuple[OnCall, ...]:
        policies, schedules = self._sources
        since_ms = await self._now_ms()
        until_ms = since_ms + AHEAD_MS
        calls = [self.pagerduty.on_calls_of(since_ms, until_ms, policies=policies)] if policies else []
        calls += [self.pagerduty.on_calls_of(since_ms, until_ms, schedules=schedules)] if schedules else []
        return tuple(entry for read in await asyncio.gather(*calls) for entry in read)

    async def _missing(self, entry: OncallGroupConfig, entries: Sequence[OnCall], now_ms: int) -> dict[str, Cause]:
        """Return the sources that do not exist, or may not: an answer without people can't be trusted then."""
        working = on_call_sources(entries, now_ms)
        causes: dict[str, Cause] = {}
        for policy in (each for each in entry.policies if each not in working):
            try:
                read = await self.pagerduty.escalation_policy(policy)
            except NotFound:
                causes[f"gone:{policy}"] = words.no_policy(policy)
                continue
            if min(entry.levels) > len(read.levels):
                causes[f"gone:{policy}"] = words.no_level(read, min(entry.levels))
        for schedule in (each for each in entry.schedules if each not in working):
            if not await self.pagerduty.is_schedule_used(schedule, now_ms):
                causes[f"gone:{schedule}"] = words.no_schedule(schedule)
        return causes

    async def _now_ms(self) -> int:
        """Return PagerDuty's time: the shifts are by it as well."""
        return self.pagerduty.server_clock.now_ms() or await self.clock.now_ms()


def follows(entry: OncallGroupConfig, on_call: OnCall) -> bool:
    """True if an on-call belongs to the policies, levels or schedules of an entry. Pure."""
    by_policy = on_call.policy.id in entry.policies and on_call.level in entry.levels
    return by_policy or (on_call.schedule is not None and on_call.schedule.id in entry.schedules)


def on_call_sources(entries: Sequence[OnCall], at_ms: int) -> frozenset[str]:
    """Return the policies and schedules by which someone is on call at a time. Pure."""
    found = [entry for entry in entries if on_call_at([entry], at_ms)]
    return frozenset(ref.id for entry in found for ref in (entry.policy, entry.schedule) if ref is not None)


def look_in(entries: Sequence[OnCall], now_ms: int, most: float) -> float:
    """Return the seconds until one second after the next shift begins or ends, at most `most`. Pure."""
    ends = {end.ms for entry in entries for end in (entry.since, entry.until) if end is not None}
    return min([most, *((end - now_ms) / SECOND + 1 for end in ends if now_ms < end)])


def _distinct(named: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for some in named for each in some))
