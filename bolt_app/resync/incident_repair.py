"""Compares one incident with what PagerDuty shows, and repairs it: what no webhook told is announced, once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog
from prometheus_client import Counter

from bolt_app.resync.resync_pass import ResyncPass
from shared.durations import Durations
from shared.model.event import SECOND
from shared.model.event_types import ANNOTATED
from shared.model.ids import IncidentId
from shared.model.incident import Incident, settle
from shared.model.journal import fact
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events.from_diff import annotated
from shared.pagerduty.events.replay import SILENT, Shown, Window, noticed, repaired, suspicious
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import LogEntry
from shared.store.clock import Birth, StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.incidents import Incidents

log = structlog.get_logger()

REPAIRS = Counter(
    "pagebridge_resync_repairs", "Changes that resync announced or corrected, by what was missing", ["missing"]
)
MOST_TRIES = 3
"""How often an incident is read again that changes while it is being read."""

T = TypeVar("T")


@dataclass(frozen=True)
class IncidentRepair:
    """Compares incidents with what a pass has read; reads one in full, slowly, if something of it may be missing."""

    pagerduty: PagerDuty
    incidents: Incidents
    dirty_queue: WorkQueue
    command_queue: WorkQueue
    clock: StoreClock
    durations: Durations

    async def compare(
        self, this: ResyncPass, incident: IncidentId, listed: RestIncident | None, *, doubtful: bool = False
    ) -> bool:
        """
        Return whether an incident is as the list and the log show it; False if it has to be read in full.

        `listed` is None if PagerDuty's list does not have it. A `doubtful` one is not judged by the two. Its notes are
        left for `repair_notes`.
        """
        entries = [] if this.recent is None else this.recent.pop(incident, [])
        known = (await self.incidents.load(incident)).value
        opens_ms = this.birth.ms if known.opened_before(this.birth.ms) else 0
        if known.moved_until_ms is not None and (entries or suspicious(known, listed, (), opens_ms)):
            known = (await self.incidents.whole(incident)).value
        pagerduty_ms = self.pagerduty.server_clock.now_ms()
        if listed is not None and pagerduty_ms is not None:
            known = known.overruled_by(listed.snapshot, pagerduty_ms)
        if known.snapshot is None and listed is not None and _is_surely_older(listed, this.birth):
            await self._fold_listed(listed)
            return True
        now_ms = self.clock.estimate_ms()
        if doubtful or suspicious(known, listed, entries, opens_ms) or noticed(known, entries, now_ms).lines:
            return False
        if entries:
            await self._record_log_entries(incident, entries, now_ms)
        if listed is not None and any(line.type == ANNOTATED for line in known.lines):
            this.noted.append(incident)
        return True

    async def repair(self, this: ResyncPass, incident: IncidentId) -> bool:
        """
        Read an incident in full, and repair it; return whether a change was found that no event had reported.

        Raises `CallError` or `Malformed`.
        """
        for _ in range(MOST_TRIES):
            before = await self.incidents.whole(incident)
            read = await self._paced(self.pagerduty.incident, incident, this.lease)
            entries = await self._paced(self.pagerduty.log_entries, incident, this.lease)
            notes = await self._paced(self.pagerduty.notes, incident, this.lease)
            created_ms = read.value.snapshot.created_ms
            older = created_ms is None or created_ms < this.birth.ms
            window = Window(this.birth.ms if older else 0, read.date.ms - int(self.durations.webhook_grace * SECOND))
            shown = Shown(read.value, read.date, entries.value, notes.value, all_notes=not notes.skipped)
            found = repaired(before.value, shown, window, await self.clock.now_ms())
            if found.incident == before.value:
                this.soon = this.soon or found.young
                return False
            missing = [line.type for line in found.lines]
            if not missing and found.state and (before.value.snapshot is not None or not older):
                missing = ["state"]
            facts = tuple(fact("resync.repaired", missing=what) for what in missing)
            if await self.incidents.swap(incident, before, found.incident, facts=facts):
                this.soon = this.soon or found.young
                await self._record_repair(found.incident, missing)
                return bool(set(missing) - SILENT)
        this.again.append(incident)
        this.soon = True
        return False

    async def repair_notes(self, this: ResyncPass, incident: IncidentId) -> bool:
        """Repair an incident if a note was edited or deleted, which only the note shows. As `repair` else."""
        notes = await self._paced(self.pagerduty.notes, incident, this.lease)
        # An incident that could not be read is still there.
        visible_ms = 0 if notes.skipped else notes.date.ms - int(self.durations.webhook_grace * SECOND)
        known = (await self.incidents.whole(incident)).value
        found = annotated(incident, known.lines, notes.value, notes.date, visible_ms)
        opens_ms = this.birth.ms if known.opened_before(this.birth.ms) else 0
        changed = any(event.at.end >= opens_ms for event in found)
        return changed and await self.repair(this, incident)

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

        await self.incidents.change(incident, rule, load=self.incidents.whole)

    async def _paced(self, call: Callable[[IncidentId], Awaitable[T]], incident: IncidentId, lease: Lease) -> T:
        await asyncio.sleep(self.durations.resync_pause)
        await lease.check(self.durations.pagerduty_timeout)
        return await call(incident)

    async def _record_repair(self, incident: Incident, missing: list[str]) -> None:
        await self.dirty_queue.mark(incident.id)
        if incident.expectations:
            await self.command_queue.mark(incident.id)
        for what in missing:
            REPAIRS.labels(what).inc()
            log.warning("resync.repaired", incident=incident.id, missing=what)


def _is_surely_older(incident: RestIncident, birth: Birth) -> bool:
    created_ms = incident.snapshot.created_ms
    return created_ms is None or created_ms + SECOND <= birth.ms
