"""
Compares all open incidents with PagerDuty on a timer, because webhooks can get lost.

PagerDuty's list of open incidents, the latest log entries and our own index show where something may be missing; only
those incidents are read in full and repaired: everything PagerDuty shows is folded, and what was missed is announced.
Changes made meanwhile arrive by webhook, and the fold merges the two.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog
from prometheus_client import Counter

from shared.durations import Durations
from shared.errors import CallError, Malformed, NotFound, Refused, Stopping, Unavailable, Uncertain
from shared.model.event import SECOND
from shared.model.event_types import ANNOTATED, Status
from shared.model.ids import IncidentId
from shared.model.incident import Incident, settle
from shared.model.journal import fact
from shared.model.resync_state import ResyncState
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.events.from_diff import annotated
from shared.pagerduty.events.replay import SILENT, Shown, Window, noticed, repaired, suspicious
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import LogEntry
from shared.store.channel_index import OpenIncidents
from shared.store.clock import Birth, Generation, StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.incidents import Incidents

log = structlog.get_logger()

CHECKED = Counter("pagebridge_resync_incidents", "Incidents compared with PagerDuty, by what came of it", ["result"])
OPEN_STATUSES = (Status.TRIGGERED, Status.ACKNOWLEDGED)
OVERLAP = 60.0
"""Seconds of PagerDuty's log that are read once more: an entry may become visible late."""
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
    read in full. So are those of `unread`, the incidents of entries that could not be read. Results: the incidents to
    check `again`, those repaired `late`, whether to check again `soon`, because something young is missing or a call
    failed, and the incident that was `reached`.
    """

    lease: Lease
    birth: Birth
    since_ms: int = 0
    recent: dict[IncidentId, list[LogEntry]] | None = None
    unread: frozenset[IncidentId] = frozenset()
    again: list[IncidentId] = field(default_factory=list)
    late: list[IncidentId] = field(default_factory=list)
    soon: bool = False
    reached: IncidentId | None = None


@dataclass(frozen=True)
class IncidentResync:
    """Compares the projections with PagerDuty."""

    pagerduty: PagerDuty
    open_incidents: OpenIncidents
    generation: Generation
    clock: StoreClock
    durations: Durations
    stopping: asyncio.Event
    incident_repair: "IncidentRepair"

    async def begin(self, progress: ResyncState, lease: Lease) -> ResyncPass:
        """Begin a pass with the latest log entries. Raises `CallError` if PagerDuty cannot be read, and `Malformed`."""
        birth = await self.generation.current()
        back = int((self.durations.webhook_grace + OVERLAP) * SECOND)
        since_ms = progress.since_ms or await self.clock.now_ms() - back
        await lease.check(self.durations.pagerduty_timeout)
        try:
            read = await self.pagerduty.activity(since_ms)
        except Refused as error:
            log.warning("resync.in_full", why=str(error))
            now_ms = await self.clock.now_ms()
            return ResyncPass(lease, birth, since_ms=now_ms - back)
        unread = frozenset(one.incident for one in read.skipped if one.incident)
        recent = _by_incident(read.value)
        return ResyncPass(lease, birth, since_ms=read.date.ms - back, recent=recent, unread=unread)

    async def run(self, this: ResyncPass, progress: ResyncState) -> None:
        """Check each incident open here or there, new or with new entries. Raises `Unavailable`, `Stopping`."""
        listed: dict[IncidentId, RestIncident] = {}
        async for incident in self._listed_incidents(progress):
            listed[incident.id] = incident
        ours = await self.open_incidents.all()
        everything = dict.fromkeys([*listed, *ours, *(this.recent or {}), *this.unread, *progress.recheck])
        for incident_id in _resume_after(progress.reached, list(everything)):
            self.require_running()
            this.reached = incident_id
            doubtful = this.recent is None or incident_id in this.unread or incident_id in progress.recheck
            await self.check(this, incident_id, listed.get(incident_id), doubtful=doubtful)

    def require_running(self) -> None:
        """Raise `Stopping` if this worker has been told to end."""
        if self.stopping.is_set():
            raise Stopping("this worker is stopping")

    async def check(
        self, this: ResyncPass, incident: IncidentId, listed: RestIncident | None = None, *, doubtful: bool = False
    ) -> None:
        """Compare one incident, and repair it. Raises `Unavailable`: then nothing else can be read either."""
        try:
            repaired_late = await self.incident_repair.check(this, incident, listed, doubtful=doubtful)
        except Unavailable:
            this.again.append(incident)
            raise
        except NotFound:
            # Not visible to our token (PagerDuty REST: GET /incidents/{id}): nothing can be compared.
            CHECKED.labels("not found").inc()
            await self.open_incidents.drop(incident, ())
            return
        except (CallError, Malformed) as error:
            CHECKED.labels("failed").inc()
            log.warning("resync.not_compared", incident=incident, why=str(error))
            this.again.append(incident)
            # A request that PagerDuty refuses now will be refused in a minute as well.
            this.soon = this.soon or isinstance(error, Uncertain)
            return
        CHECKED.labels("late" if repaired_late else "compared").inc()
        this.late += [incident] if repaired_late else []

    async def check_new(self, this: ResyncPass, incident: IncidentId) -> None:
        """Check an incident of which only a card is known. Raises as `check` does."""
        await this.lease.check(self.durations.pagerduty_timeout)
        try:
            read = (await self.pagerduty.incident(incident)).value
        except NotFound:
            CHECKED.labels("not found").inc()
            return
        await self.check(this, incident, read)

    async def _listed_incidents(self, progress: ResyncState) -> AsyncIterator[RestIncident]:
        filters = [IncidentFilter(statuses=OPEN_STATUSES)]
        filters += [IncidentFilter(since_ms=progress.since_ms)] if progress.since_ms else []
        for wanted in filters:
            try:
                async for incident in self.pagerduty.incidents(wanted):
                    yield incident
            except Refused as error:
                log.error("resync.not_all", why=str(error), hint="more than 10,000 incidents: the rest is not compared")


def _resume_after(reached: IncidentId | None, incidents: list[IncidentId]) -> list[IncidentId]:
    """Begin after the incident that was reached last: a limit that ends every pass must not starve the others."""
    at = incidents.index(reached) + 1 if reached in incidents else 0
    return incidents[at:] + incidents[:at]


def _by_incident(entries: Sequence[LogEntry]) -> dict[IncidentId, list[LogEntry]]:
    found: dict[IncidentId, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        if entry.incident is not None:
            found[entry.incident].append(entry)
    return dict(found)


@dataclass(frozen=True)
class IncidentRepair:
    """Compares incidents with what a pass has read; reads one in full, slowly, if something of it may be missing."""

    pagerduty: PagerDuty
    incidents: Incidents
    dirty_queue: WorkQueue
    command_queue: WorkQueue
    clock: StoreClock
    durations: Durations

    async def check(
        self, this: ResyncPass, incident: IncidentId, listed: RestIncident | None, *, doubtful: bool
    ) -> bool:
        """
        Repair an incident as far as it needs it; return whether a change was found that no event had reported.

        `listed` is None if PagerDuty's list does not have it. A `doubtful` one is read in full. Raises `CallError` or
        `Malformed`.
        """
        entries = (this.recent or {}).get(incident, [])
        known = (await self.incidents.load(incident)).value
        opens_ms = this.birth.ms if known.opened_before(this.birth.ms) else 0
        if known.moved_until_ms is not None and (entries or suspicious(known, listed, (), opens_ms)):
            known = (await self.incidents.whole(incident)).value
        pagerduty_ms = self.pagerduty.server_clock.now_ms()
        if listed is not None and pagerduty_ms is not None:
            known = known.overruled_by(listed.snapshot, pagerduty_ms)
        if known.snapshot is None and listed is not None and _is_surely_older(listed, this.birth):
            await self._fold_listed(listed)
            return False
        now_ms = self.clock.estimate_ms()
        if doubtful or suspicious(known, listed, entries, opens_ms) or noticed(known, entries, now_ms).lines:
            return await self._repair(this, incident)
        if entries:
            await self._record_log_entries(incident, entries, now_ms)
        if listed is not None and await self._has_changed_notes(known, opens_ms, this.lease):
            return await self._repair(this, incident)
        return False

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

    async def _has_changed_notes(self, known: Incident, opens_ms: int, lease: Lease) -> bool:
        """True if a note in the thread was edited or deleted, which shows only in the note itself."""
        if all(line.type != ANNOTATED for line in known.lines):
            return False
        notes = await self._paced(self.pagerduty.notes, known.id, lease)
        # An incident that could not be read is still there.
        visible_ms = 0 if notes.skipped else notes.date.ms - int(self.durations.webhook_grace * SECOND)
        known = (await self.incidents.whole(known.id)).value
        found = annotated(known.id, known.lines, notes.value, notes.date, visible_ms)
        return any(event.at.end >= opens_ms for event in found)

    async def _repair(self, this: ResyncPass, incident: IncidentId) -> bool:
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
        this.soon = True
        return False

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
