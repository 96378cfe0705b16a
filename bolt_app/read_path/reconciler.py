"""
The read path's second half: make Slack equal the projection.

Level-triggered: each pass reads the newest projection, compares it with what Slack shows, and makes the difference. The
only writer of cards and threads.
"""

from dataclasses import replace

import structlog
from prometheus_client import Counter

from bolt_app.read_path.adoption import Adoption
from bolt_app.read_path.channel_planner import ChannelPlanner
from bolt_app.read_path.channel_sync import ChannelSync, ReconcilePass
from bolt_app.services import Services
from shared.errors import CallError, Malformed, NotFound
from shared.model.event import Snapshot, Status
from shared.model.ids import IncidentId
from shared.model.incident import Incident, settle
from shared.model.journal import failure
from shared.model.slack_state import SlackState
from shared.store.generation import Birth
from shared.store.leases import Lease

log = structlog.get_logger()

READS = Counter("pagebridge_incident_reads", "Incidents read because their events could not be ordered")


class Reconciler:
    """Makes the difference between the projections and what Slack shows."""

    def __init__(self, wiring: Services, planning: ChannelPlanner, showing: ChannelSync) -> None:
        self._wiring = wiring
        self._planning = planning
        self._adopting = Adoption(wiring, planning)
        self._showing = showing

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass. What could not be done now is due again when it can."""
        birth = await self._wiring.generation.current()
        known = await self._load(incident, lease)
        if known.snapshot is None:
            return self._wiring.durations.retry_max if known.needs_read else None
        try:
            again = await self._sync(known, known.snapshot, birth, lease)
        except CallError as error:
            await self._wiring.journal.append(incident, failure("slack.later", error))
            raise
        return self._wiring.durations.retry_max if again is None and known.needs_read else again

    async def fenced_off(self, incident: IncidentId) -> None:
        """Forget what the cards say, because our last call may have landed late, and have them looked at again."""
        await self._wiring.slack_states.change(incident, lambda surface: surface.content_unknown())
        await self._wiring.dirty_queue.mark(incident)

    async def _sync(self, known: Incident, snapshot: Snapshot, birth: Birth, lease: Lease) -> float | None:
        surface = (await self._wiring.slack_states.load(known.id)).value
        known, surface = await self._adopting.adopt(known, surface, birth, lease)
        if not _needs_no_pass(known, surface):
            surface = await self._planning.plan(surface, snapshot, birth, lease)
        await self._index(snapshot, surface)
        if not surface.channels:
            return None
        if known.enrichment.is_wanted(snapshot, known.as_of):
            # The card does not wait for what it says besides the state; but if it has to wait all the same, for Slack's
            # limits, it comes with that in it.
            await self._wiring.enrichment_queue.mark(known.id)
        return await self._showing.sync(ReconcilePass(known, snapshot, lease, surface, self._planning.route(snapshot)))

    async def _index(self, snapshot: Snapshot, surface: SlackState) -> None:
        """Note whether it is open before it is shown, so that a Slack that is down keeps nobody from finding it."""
        if snapshot.status is Status.RESOLVED:
            await self._wiring.open_incidents.drop(surface.id, surface.channels)
            return
        shown = filter(surface.is_shown_in, surface.channels)
        await self._wiring.open_incidents.put(surface.id, shown, snapshot.created_ms or 0)
        await self._wiring.open_incidents.hide(surface.id, surface.privacy.hidden_in)

    async def _load(self, incident: IncidentId, lease: Lease) -> Incident:
        """Load the projection; ask PagerDuty first where the events' times could not decide."""
        before = await self._wiring.incidents.load(incident)
        if not before.value.needs_read and before.value.snapshot is not None:
            return before.value
        await lease.check(self._wiring.durations.pagerduty_timeout)
        try:
            read = (await self._wiring.pagerduty.incident(incident)).value
        except NotFound as error:
            # PagerDuty does not know it, or does not let us see it: asking again would not help.
            log.warning("incident.not_found", incident=incident)
            await self._wiring.journal.append(incident, failure("pagerduty.unread", error))
            return (await self._wiring.incidents.change(incident, lambda known: replace(known, needs_read=False))).value
        except (CallError, Malformed) as error:
            log.warning("incident.unread", incident=incident, why=str(error))
            await self._wiring.journal.append(incident, failure("pagerduty.unread", error))
            return before.value
        READS.inc()
        if read.updated is None:
            return before.value
        settled = settle(before.value, read.snapshot, read.updated)
        if settled is not before.value:
            settled = replace(settled, status_change=read.status_change)
        if await self._wiring.incidents.swap(incident, before, settled):
            return settled
        # Something was folded while we read, so the read decides nothing, and the newer projection may be in doubt too.
        return await self._load(incident, lease)


def _needs_no_pass(known: Incident, surface: SlackState) -> bool:
    """Tell whether an incident that was open before the bridge was there still waits for its first change."""
    changed = known.lines or known.as_of is None or known.as_of.end > surface.silent_until_ms
    return surface.silent_until_ms > 0 and not surface.channels and not changed
