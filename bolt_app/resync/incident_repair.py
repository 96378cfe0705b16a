"""
Compares one incident with PagerDuty, and repairs it: folds all that PagerDuty shows, and announces what was missed.

A thread line that opens here, or a corrected state, stands for a lost event: it is counted and logged.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog
from prometheus_client import Counter

from shared.durations import Durations
from shared.model.event import ANNOTATED, SECOND
from shared.model.ids import IncidentId
from shared.model.incident import Incident, settle
from shared.model.journal import fact
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events.from_diff import annotated
from shared.pagerduty.events.replay import SILENT, Repaired, Shown, Window, noticed, repaired, suspicious
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import LogEntry
from shared.store.clock import Birth, StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents

log = structlog.get_logger()

REPAIRS = Counter(
    "pagebridge_resync_repairs", "Changes that resync announced or corrected, by what was missing", ["missing"]
)
MOST_TRIES = 3
"""How often an incident is read again that changes while it is being read."""

T = TypeVar("T")


@dataclass
class ResyncPass:
    """
    One pass over all incidents. `birth` is that of the data set.

    `recent` holds the latest entries of PagerDuty's log, None when there are too many to read: then every incident is
    read in full. Results: the incidents to check `again`, those repaired `late`, whether to check again `soon`, because
    something young is missing or a call failed, and the incident that was `reached`.
    """

    lease: Lease
    birth: Birth
    since_ms: int = 0
    recent: dict[IncidentId, list[LogEntry]] | None = None
    again: list[IncidentId] = field(default_factory=list)
    late: list[IncidentId] = field(default_factory=list)
    soon: bool = False
    reached: IncidentId | None = None


@dataclass(frozen=True)
class RepairResult:
    """The result of a repair: whether to check again soon, and whether it found a change that no event had reported."""

    recheck_soon: bool = False
    repaired: bool = False


@dataclass(frozen=True)
class IncidentRepair:
    """Compares incidents with what a pass has read; reads one in full, slowly, if something of it may be missing."""

    pagerduty: PagerDuty
    incidents: Documents[Incident]
    dirty_queue: WorkQueue
    command_queue: WorkQueue
    clock: StoreClock
    durations: Durations

    async def check(
        self, this: ResyncPass, incident: IncidentId, listed: RestIncident | None, *, doubtful: bool
    ) -> RepairResult:
        """
        Repair an incident as far as it needs it. `listed` is None if PagerDuty's list does not have it.

        A `doubtful` one is always read in full. Raises `CallError` or `Malformed`.
        """
        known = (await self.incidents.load(incident)).value
        entries = (this.recent or {}).get(incident, [])
        if known.snapshot is None and listed is not None and _is_surely_older(listed, this.birth):
            await self._fold_listed(listed)
            return RepairResult()
        now_ms = self.clock.estimate_ms()
        opens_ms = this.birth.ms if known.opened_before(this.birth.ms) else 0
        if doubtful or suspicious(known, listed, entries, opens_ms) or noticed(known, entries, now_ms).lines:
            return await self._repair(incident, this.birth, this.lease)
        if entries:
            await self._record_log_entries(incident, entries, now_ms)
        if listed is not None and await self._has_changed_notes(known, opens_ms, this.lease):
            return await self._repair(incident, this.birth, this.lease)
        return RepairResult()

    async def _fold_listed(self, listed: RestIncident) -> None:
        """Store an incident that is older than the data set: its earlier events count as announced."""

        def rule(known: Incident) -> Incident:
            if listed.updated is None or known.snapshot is not None:
                return known
            return replace(settle(known, listed.snapshot, listed.updated), status_change=listed.status_change)

        await self.incidents.change(listed.id, rule)
        await self.dirty_queue.mark(listed.id)

    async def _record_log_entries(self, incident: IncidentId, entries: Sequence[LogEntry], now_ms: int) -> None:
        """Fill the slots of log entries that report nothing new, so that none is taken for another change."""

        def rule(known: Incident) -> Incident:
            found = noticed(known, entries, now_ms)
            return known if found.lines else found.incident

        await self.incidents.change(incident, rule)

    async def _has_changed_notes(self, known: Incident, opens_ms: int, lease: Lease) -> bool:
        """True if a note in the thread was edited or deleted, which shows only in the note itself."""
        if all(line.type != ANNOTATED for line in known.lines):
            return False
        notes = await self._paced(self.pagerduty.notes, known.id, lease)
        visible_ms = notes.date.ms - int(self.durations.webhook_grace * SECOND)
        found = annotated(known.id, known.lines, notes.value, notes.date, visible_ms)
        return any(event.at.end >= opens_ms for event in found)

    async def _repair(self, incident: IncidentId, birth: Birth, lease: Lease) -> RepairResult:
        for _ in range(MOST_TRIES):
            before = await self.incidents.load(incident)
            read = await self._paced(self.pagerduty.incident, incident, lease)
            entries = await self._paced(self.pagerduty.log_entries, incident, lease)
            notes = await self._paced(self.pagerduty.notes, incident, lease)
            created_ms = read.value.snapshot.created_ms
            older = created_ms is None or created_ms < birth.ms
            window = Window(birth.ms if older else 0, read.date.ms - int(self.durations.webhook_grace * SECOND))
            shown = Shown(read.value, read.date, entries, notes.value)
            found = repaired(before.value, shown, window, await self.clock.now_ms())
            if found.incident == before.value:
                return RepairResult(found.young)
            missing = [line.type for line in found.lines]
            if not missing and found.state and (before.value.snapshot is not None or not older):
                missing = ["state"]
            facts = tuple(fact("resync.repaired", missing=what) for what in missing)
            if await self.incidents.swap(incident, before, found.incident, facts=facts):
                return await self._record_repair(found, missing)
        return RepairResult(recheck_soon=True)

    async def _paced(self, call: Callable[[IncidentId], Awaitable[T]], incident: IncidentId, lease: Lease) -> T:
        await asyncio.sleep(self.durations.resync_pause)
        await lease.check(self.durations.pagerduty_timeout)
        return await call(incident)

    async def _record_repair(self, found: Repaired, missing: list[str]) -> RepairResult:
        incident = found.incident.id
        await self.dirty_queue.mark(incident)
        if found.incident.expectations:
            await self.command_queue.mark(incident)
        for what in missing:
            REPAIRS.labels(what).inc()
            log.warning("resync.repaired", incident=incident, missing=what)
        return RepairResult(found.young, repaired=bool(set(missing) - SILENT))


def _is_surely_older(incident: RestIncident, birth: Birth) -> bool:
    created_ms = incident.snapshot.created_ms
    return created_ms is None or created_ms + SECOND <= birth.ms
