"""
Repairs one incident: folds everything PagerDuty shows of it, and announces what was missed.

A thread line that opens here, or a corrected state, stands for a lost event: it is counted and logged.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from prometheus_client import Counter

from bolt_app.services import Services
from shared.model.event import SECOND
from shared.model.ids import IncidentId
from shared.model.journal import Facts, fact
from shared.pagerduty.api.client import Read
from shared.pagerduty.events.replay import SILENT, Repaired, Shown, Window, repaired
from shared.pagerduty.models.incident_parts import Note
from shared.store.clock import Birth
from shared.store.coordination import Lease

log = structlog.get_logger()

REPAIRS = Counter(
    "pagebridge_resync_repairs", "Changes that resync announced or corrected, by what was missing", ["missing"]
)
MOST_TRIES = 3
"""How often an incident is read again that changes while it is being read."""

T = TypeVar("T")


@dataclass(frozen=True)
class RepairResult:
    """The result of a repair: whether to check again soon, and whether it found a change that no event had reported."""

    recheck_soon: bool = False
    repaired: bool = False


class IncidentRepair:
    """Reads incidents in full, slowly, and folds what was read."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def repair(self, incident: IncidentId, birth: Birth, lease: Lease) -> RepairResult:
        """Repair an incident as far as it needs it. Raises `CallError` or `Malformed`."""
        for _ in range(MOST_TRIES):
            before = await self._services.incidents.load(incident)
            shown = await self._incident_shown(incident, lease)
            found = repaired(before.value, shown, self._lookback(shown, birth), await self._services.clock.now_ms())
            if found.incident == before.value:
                return RepairResult(found.young)
            known_before = before.value.snapshot is not None or not _is_older(shown, birth)
            missing = _missing_lines(found, known_before=known_before)
            if await self._services.incidents.swap(incident, before, found.incident, facts=_repair_facts(missing)):
                return await self._record_repair(found, missing)
        return RepairResult(recheck_soon=True)

    async def read_notes(self, incident: IncidentId, lease: Lease) -> Read[tuple[Note, ...]]:
        """Read the notes of an incident, paced like every call of a resync. Raises `CallError`."""
        return await self._paced(self._services.pagerduty.notes, incident, lease)

    async def _incident_shown(self, incident: IncidentId, lease: Lease) -> Shown:
        pagerduty = self._services.pagerduty
        read = await self._paced(pagerduty.incident, incident, lease)
        entries = await self._paced(pagerduty.log_entries, incident, lease)
        return Shown(read.value, read.date, entries, (await self.read_notes(incident, lease)).value)

    async def _paced(self, call: Callable[[IncidentId], Awaitable[T]], incident: IncidentId, lease: Lease) -> T:
        await asyncio.sleep(self._services.durations.resync_pause)
        await lease.check(self._services.durations.pagerduty_timeout)
        return await call(incident)

    def _lookback(self, shown: Shown, birth: Birth) -> Window:
        opens = birth.ms if _is_older(shown, birth) else 0
        return Window(opens, shown.date.ms - int(self._services.durations.webhook_grace * SECOND))

    async def _record_repair(self, found: Repaired, missing: list[str]) -> RepairResult:
        incident = found.incident.id
        await self._services.dirty_queue.mark(incident)
        if found.incident.expectations:
            await self._services.command_queue.mark(incident)
        for what in missing:
            REPAIRS.labels(what).inc()
            log.warning("resync.repaired", incident=incident, missing=what)
        return RepairResult(found.young, repaired=bool(set(missing) - SILENT))


def _missing_lines(found: Repaired, *, known_before: bool) -> list[str]:
    return [line.type for line in found.lines] or (["state"] if found.state and known_before else [])


def _repair_facts(missing: list[str]) -> Facts:
    return tuple(fact("resync.repaired", missing=what) for what in missing)


def _is_older(shown: Shown, birth: Birth) -> bool:
    created = shown.incident.snapshot.created_ms
    return created is None or created < birth.ms
