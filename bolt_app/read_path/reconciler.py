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

    def __init__(self, services: Services, planning: ChannelPlanner, showing: ChannelSync) -> None:
        self._services = services
        self._channel_planner = planning
        self._adoption = Adoption(services, planning)
        self._channel_sync = showing

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass. What could not be done now is due again when it can."""
        birth = await self._services.generation.current()
        known = await self._load(incident, lease)
        if known.snapshot is None:
            return self._services.durations.retry_max if known.needs_read else None
        try:
            again = await self._sync(known, known.snapshot, birth, lease)
        except CallError as error:
            await self._services.journal.append(incident, failure("slack.later", error))
            raise
        return self._services.durations.retry_max if again is None and known.needs_read else again

    async def fenced_off(self, incident: IncidentId) -> None:
        """Forget what the cards say, because our last call may have landed late, and have them looked at again."""
        await self._services.slack_states.change(incident, lambda slack_state: slack_state.content_unknown())
        await self._services.dirty_queue.mark(incident)

    async def _sync(self, known: Incident, snapshot: Snapshot, birth: Birth, lease: Lease) -> float | None:
        slack_state = (await self._services.slack_states.load(known.id)).value
        known, slack_state = await self._adoption.adopt(known, slack_state, birth, lease)
        if not _needs_no_pass(known, slack_state):
            slack_state = await self._channel_planner.plan(slack_state, snapshot, birth, lease)
        await self._index(snapshot, slack_state)
        if not slack_state.channels:
            return None
        if known.enrichment.is_wanted(snapshot, known.as_of):
            # The card does not wait for what it says besides the state; but if it has to wait all the same, for Slack's
            # limits, it comes with that in it.
            await self._services.enrichment_queue.mark(known.id)
        return await self._channel_sync.sync(
            ReconcilePass(known, snapshot, lease, slack_state, self._channel_planner.route(snapshot))
        )

    async def _index(self, snapshot: Snapshot, slack_state: SlackState) -> None:
        """Index the incident as open before showing it, so that it can be found while Slack is down."""
        if snapshot.status is Status.RESOLVED:
            await self._services.open_incidents.drop(slack_state.id, slack_state.channels)
            return
        shown = filter(slack_state.is_shown_in, slack_state.channels)
        await self._services.open_incidents.put(slack_state.id, shown, snapshot.created_ms or 0)
        await self._services.open_incidents.hide(slack_state.id, slack_state.privacy.hidden_in)

    async def _load(self, incident: IncidentId, lease: Lease) -> Incident:
        """Load the projection; ask PagerDuty first where the events' times could not decide."""
        before = await self._services.incidents.load(incident)
        if not before.value.needs_read and before.value.snapshot is not None:
            return before.value
        await lease.check(self._services.durations.pagerduty_timeout)
        try:
            read = (await self._services.pagerduty.incident(incident)).value
        except NotFound as error:
            # PagerDuty does not know it, or does not let us see it: asking again would not help.
            log.warning("incident.not_found", incident=incident)
            await self._services.journal.append(incident, failure("pagerduty.unread", error))
            return (
                await self._services.incidents.change(incident, lambda known: replace(known, needs_read=False))
            ).value
        except (CallError, Malformed) as error:
            log.warning("incident.unread", incident=incident, why=str(error))
            await self._services.journal.append(incident, failure("pagerduty.unread", error))
            return before.value
        READS.inc()
        if read.updated is None:
            return before.value
        settled = settle(before.value, read.snapshot, read.updated)
        if settled is not before.value:
            settled = replace(settled, status_change=read.status_change)
        if await self._services.incidents.swap(incident, before, settled):
            return settled
        # Something was folded while we read, so the read decides nothing, and the newer projection may be in doubt too.
        return await self._load(incident, lease)


def _needs_no_pass(known: Incident, slack_state: SlackState) -> bool:
    """True if the incident was open before the bridge's first start and has not changed since."""
    changed = known.lines or known.as_of is None or known.as_of.end > slack_state.silent_until_ms
    return slack_state.silent_until_ms > 0 and not slack_state.channels and not changed
