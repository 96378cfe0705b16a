"""
Compares all open incidents with PagerDuty on a timer, because webhooks can get lost.

PagerDuty's list of open incidents, the latest log entries and our own index show where something may be missing; only
those incidents are read in full and repaired: everything PagerDuty shows is folded, and what was missed is announced.
Changes made meanwhile arrive by webhook, and the fold merges the two.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, replace

import structlog
from prometheus_client import Counter

from bolt_app.resync.incident_repair import IncidentRepair
from bolt_app.resync.resync_pass import ResyncPass, for_a_time, in_turn
from shared.durations import Durations
from shared.errors import CallError, Malformed, NotFound, Refused, Stopping, Unavailable, Uncertain
from shared.model.event import SECOND
from shared.model.event_types import Status
from shared.model.ids import IncidentId
from shared.model.resync_state import ResyncState
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import LogEntry
from shared.store.channel_index import OpenIncidents
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Lease

log = structlog.get_logger()

CHECKED = Counter("pagebridge_resync_incidents", "Incidents compared with PagerDuty, by what came of it", ["result"])
OPEN_STATUSES = (Status.TRIGGERED, Status.ACKNOWLEDGED)
OVERLAP = 60.0
"""Seconds of PagerDuty's log that are read once more: an entry may become visible late."""
NOTES_SHARE, MOVED_NOTES_SHARE = 0.4, 0.2
"""The part of the interval for which one pass reads notes, and that for incidents where something has moved."""


@dataclass(frozen=True)
class IncidentResync:
    """Compares the projections with PagerDuty."""

    pagerduty: PagerDuty
    open_incidents: OpenIncidents
    generation: Generation
    clock: StoreClock
    durations: Durations
    stopping: asyncio.Event
    incident_repair: IncidentRepair

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
            return ResyncPass(lease, birth, since_ms=now_ms - back, positions=progress.positions)
        unread = frozenset(one.incident for one in read.skipped if one.incident)
        recent = _by_incident(read.value)
        this = ResyncPass(lease, birth, since_ms=read.date.ms - back, recent=recent, unread=unread)
        return replace(this, positions=progress.positions, moved=frozenset(recent))

    async def run(self, this: ResyncPass, progress: ResyncState) -> None:
        """Check each incident open here or there, new or with new entries. Raises `Unavailable`, `Stopping`."""
        doubtful = this.unread.union(progress.recheck)
        listed = await self._compare_listed(this, progress, doubtful)
        wrong = [incident for incident, is_right in listed.items() if not is_right]
        unlisted = {*await self.open_incidents.all(), *this.moved, *doubtful} - listed.keys()
        for incident in _resume_after(progress.reached, [*wrong, *sorted(unlisted)]):
            self.require_running()
            this.reached = incident
            in_full = this.recent is None or incident in listed or incident in doubtful
            repair = self.incident_repair.repair if in_full else self._repair_unlisted
            await self.check(this, incident, repair(this, incident))
        await self._check_notes(this)

    async def _compare_listed(
        self, this: ResyncPass, progress: ResyncState, doubtful: frozenset[IncidentId]
    ) -> dict[IncidentId, bool]:
        """Compare each incident of PagerDuty's list when its page is read, and return whether it is right here."""
        compared: dict[IncidentId, bool] = {}
        async for incident in self._listed_incidents(progress):
            self.require_running()
            if incident.id not in compared:
                in_doubt = this.recent is None or incident.id in doubtful
                right = await self.incident_repair.compare(this, incident.id, incident, doubtful=in_doubt)
                compared[incident.id] = right
                CHECKED.labels("compared").inc(right)
        return compared

    async def _repair_unlisted(self, this: ResyncPass, incident: IncidentId) -> bool:
        if await self.incident_repair.compare(this, incident, None):
            return False
        return await self.incident_repair.repair(this, incident)

    async def _check_notes(self, this: ResyncPass) -> None:
        """Read notes that threads show, in turn: of the incidents where something has moved, and of all others."""
        noted, interval, loop = set(this.noted), self.durations.resync, asyncio.get_running_loop()
        until = loop.time() + NOTES_SHARE * interval
        moved = in_turn(noted & this.moved, this.positions.moved_notes)
        for incident in for_a_time(moved, MOVED_NOTES_SHARE * interval, "notes"):
            this.positions = replace(this.positions, moved_notes=incident)
            await self._check_notes_of(this, incident)
        others = in_turn(noted - this.moved, this.positions.notes)
        for incident in for_a_time(others, until - loop.time(), "notes"):
            this.positions = replace(this.positions, notes=incident)
            await self._check_notes_of(this, incident)

    async def _check_notes_of(self, this: ResyncPass, incident: IncidentId) -> None:
        self.require_running()
        await self.check(this, incident, self.incident_repair.repair_notes(this, incident), well="notes")

    def require_running(self) -> None:
        """Raise `Stopping` if this worker has been told to end."""
        if self.stopping.is_set():
            raise Stopping("this worker is stopping")

    async def check(
        self, this: ResyncPass, incident: IncidentId, repair: Awaitable[bool], well: str = "compared"
    ) -> None:
        """
        Compare one incident, and repair it; it is counted as `well` where nothing was late.

        Raises `Unavailable`: then nothing else can be read either.
        """
        try:
            repaired_late = await repair
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
        CHECKED.labels("late" if repaired_late else well).inc()
        this.late += [incident] if repaired_late else []

    async def check_new(self, this: ResyncPass, incident: IncidentId) -> None:
        """Check an incident of which only a card is known. Raises as `check` does."""
        await this.lease.check(self.durations.pagerduty_timeout)
        await self.check(this, incident, self._repair_new(this, incident))

    async def _repair_new(self, this: ResyncPass, incident: IncidentId) -> bool:
        read = (await self.pagerduty.incident(incident)).value
        if await self.incident_repair.compare(this, incident, read):
            return False
        return await self.incident_repair.repair(this, incident)

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
