"""
The read path's second half: make Slack equal the projection.

Level-triggered: each pass reads the newest projection, compares it with what Slack shows, and makes the difference. The
only writer of cards and threads.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import structlog
from prometheus_client import Counter

from bolt_app.digest.gate import DigestGate
from bolt_app.home_watch import HomeWatch
from bolt_app.read_path.backlog import Backlog
from bolt_app.read_path.channel_outage import ChannelOutage
from bolt_app.read_path.channel_planner import NOT_SHOWN, ChannelPlanner
from bolt_app.read_path.channel_sync import ChannelSync, retry_after
from bolt_app.read_path.direct_cards import DirectCards
from bolt_app.read_path.reconcile_pass import ReconcilePass, SlackUsers
from bolt_app.read_path.reminders import Reminders
from shared.access.identity import Identity
from shared.durations import Durations
from shared.errors import CallError, Malformed, NotFound, Refused
from shared.model.archive import MANY_IDS, MANY_LINES, moved_out, told_for_good
from shared.model.event import Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.incident import Incident, is_over, settle
from shared.model.journal import Fact, fact, failure
from shared.model.slack_state import SlackState
from shared.model.thread_layout import has_backlog
from shared.model.timeline import with_merge_target
from shared.pagerduty.api.client import PagerDuty, Read
from shared.pagerduty.events.details import merged
from shared.pagerduty.models.incident import RestIncident
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents, Stored
from shared.store.incidents import Incidents
from shared.store.journal import Journal

log = structlog.get_logger()

READS = Counter("pagebridge_incident_reads", "Incidents read because their events could not be ordered")

MENTION_TTL = 60.0
"""Seconds that a lookup's result is reused."""
FAILED_MENTION_TTL = 2.0
"""The same for a failed lookup: a directory that is down is not read again for each card."""


@dataclass(frozen=True)
class Reconciler:
    """Makes Slack equal the projections."""

    projection_reader: "ProjectionReader"
    channel_planner: ChannelPlanner
    incident_sync: "IncidentSync"
    backlog: Backlog
    reminders: Reminders
    incidents: Incidents
    slack_states: Documents[SlackState]
    journal: Journal
    enrichment_queue: WorkQueue
    home_watch: HomeWatch
    channel_queue: WorkQueue
    durations: Durations

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass; return the seconds until the next one, None if nothing is left. Raises `CallError`."""
        known = await self.projection_reader.read(incident, lease)
        self.home_watch.changed(known)
        crowded = has_backlog(known.lines)
        if crowded and await self.backlog.reduce(known, lease):
            known = (await self.incidents.to_tell(incident, lease)).value
        again = look = None
        if self.reminders.config.current.reminders:
            known, look = await self._remind(known, lease)
        try:
            if known.snapshot is not None and known.snapshot.teams is None:
                # Where it may be shown depends on them, and a read that does not say them either is no reason to guess.
                log.warning("incident.teams_unknown", incident=incident)
                await self.journal.append(incident, fact("incident.unshown", why="teams_unknown"))
            elif known.snapshot is not None:
                this = await self.channel_planner.plan(known, known.snapshot, lease)
                if this.slack_state.channels and self.channel_planner.config.current.incident_channels:
                    lease.marking.append(self.channel_queue)
                try:
                    again = await self.incident_sync.run(this)
                finally:
                    if this.incident.needs_enrichment and (this.slack_state.channels or this.slack_state.direct):
                        # The card does not wait for it; one that waits for Slack's rate limits is posted with it.
                        lease.marking.append(self.enrichment_queue)
                    # Also what was told before a call failed.
                    if len(this.incident.lines) >= MANY_LINES or len(this.incident.seen_events) >= MANY_IDS:
                        await self._move_out(this)
                if this.snapshot.status is Status.RESOLVED:
                    # At the end, because its card should not wait for that.
                    await self.channel_planner.unlist(this)
                burst = self.backlog.next_look(this.incident) if crowded else None
                again = _soonest(again, burst, look)
        except CallError as error:
            await self.journal.append(incident, failure("slack.later", error))
            raise
        return _soonest(again, self.durations.retry_max if known.needs_read else None)

    async def _remind(self, known: Incident, lease: Lease) -> tuple[Incident, float | None]:
        """Ask in the thread what is due; return the projection after it, and the seconds until the next look."""
        look = await self.reminders.ask_if_due(known, known.snapshot) if known.snapshot else None
        if look == 0:
            known = (await self.incidents.to_tell(known.id, lease)).value
            look = await self.reminders.ask_if_due(known, known.snapshot) if known.snapshot else None
        return known, look

    async def _move_out(self, this: ReconcilePass) -> None:
        """Move out of both documents what is told for good, so that what an event costs does not grow with them."""
        told = told_for_good(this.told, this.slack_state)
        if moved_out(this.incident, told)[0] is this.incident:
            return
        if left := await self.incidents.move_out(this.incident.id, lambda now: moved_out(now, told)):
            untold = {line.key for line in left.lines if not line.told}
            await this.note(lambda slack_state: slack_state.with_only(untold))

    async def fenced_off(self, incident: IncidentId) -> None:
        """Mark the content of all messages unknown: the last call of a pass without its lease may have landed late."""
        await self.slack_states.change(incident, lambda slack_state: slack_state.content_unknown())


@dataclass(frozen=True)
class ProjectionReader:
    """Reads projections."""

    incidents: Incidents
    pagerduty: PagerDuty
    journal: Journal
    timeout: float

    async def read(self, incident: IncidentId, lease: Lease) -> Incident:
        """Return the projection; PagerDuty is read first if the times of the events could not decide."""
        before = await self.incidents.to_tell(incident, lease)
        if not before.value.needs_read and before.value.snapshot is not None:
            return before.value
        await lease.check(self.timeout)
        try:
            answer = await self.pagerduty.incident(incident)
        except NotFound as error:
            # Unknown to PagerDuty or not visible to our token (PagerDuty REST: GET /incidents/{id}): no retry helps.
            log.warning("incident.not_found", incident=incident)
            return await self._leave_unshown(before, failure("pagerduty.unread", error), lease)
        except (CallError, Malformed) as error:
            log.warning("incident.unread", incident=incident, why=str(error))
            await self.journal.append(incident, failure("pagerduty.unread", error))
            return before.value
        READS.inc()
        return await self._settle(incident, before, answer, lease)

    async def _settle(
        self, incident: IncidentId, before: Stored[Incident], answer: Read[RestIncident], lease: Lease
    ) -> Incident:
        """Let what was read decide, unless an event was folded meanwhile, or the incident was over long ago."""
        read, updated = answer.value, answer.value.updated
        if updated is None:
            return before.value
        if before.value.snapshot is None and is_over(before.value, read.snapshot, updated, answer.date.ms):
            NOT_SHOWN.labels("over").inc()
            return await self._leave_unshown(before, fact("incident.unshown", why="over"), lease)
        settled = settle(before.value.overruled_by(read.snapshot, answer.date.end), read.snapshot, updated)
        if settled is not before.value:
            into = merged(read.merged_into) if read.merged_into else ()
            lines = with_merge_target(settled.lines, into)
            settled = replace(settled, status_change=read.status_change, lines=lines)
        if await self.incidents.swap(incident, before, settled):
            return settled
        # An event was folded meanwhile, so the read decides nothing; the newer projection may need a read, too.
        return await self.read(incident, lease)

    async def _leave_unshown(self, before: Stored[Incident], why: Fact, lease: Lease) -> Incident:
        """Read no more until the next event; one that was folded meanwhile is that already."""
        incident = before.value.id
        await self.journal.append(incident, why)
        unread = replace(before.value, needs_read=False)
        return unread if await self.incidents.swap(incident, before, unread) else await self.read(incident, lease)


@dataclass(frozen=True)
class IncidentSync:
    """Writes the messages of one incident in each of its channels."""

    mentions: "Mentions"
    channel_sync: ChannelSync
    outage: ChannelOutage
    direct_cards: DirectCards
    digest_gate: DigestGate

    async def run(self, this: ReconcilePass) -> float | None:
        """
        Make each channel equal to the projection, home first, then people's own cards; no failure delays the others.

        Returns the seconds until a refused write may be retried. Raises the first error after all channels were tried,
        unless a refused write may be retried sooner.
        """
        mentions = await self.mentions.assignees(this.snapshot) if this.slack_state.channels else {}
        writes = [partial(self._sync_channel, this, channel, mentions) for channel in this.slack_state.channels]
        if self.direct_cards.config.current.notify.enabled or this.slack_state.direct:
            writes.append(partial(self.direct_cards.run, this))
        retries: list[float | None] = []
        errors: list[CallError] = []
        for write in writes:
            try:
                retries.append(await write())
            except CallError as error:
                errors.append(error)
        soonest = _soonest(*retries)
        first = min(errors, key=retry_after, default=None)
        if first is not None and (soonest is None or retry_after(first) < soonest):
            raise first
        return _soonest(soonest, this.again)

    async def _sync_channel(self, this: ReconcilePass, channel: ChannelId, mentions: SlackUsers) -> float | None:
        """Write into a channel if it takes it; return the seconds until a retry, or None. Raises `CallError`."""
        waited = channel in this.slack_state.waiting
        if waited and not await self.outage.may_retry(this, channel):
            return None
        before = this.card(channel)
        if not before.exists:
            rule = None if waited else this.route.digests.get(channel)
            in_digest = rule is not None or channel in this.slack_state.digests
            if in_digest and await self.digest_gate.stands_for_card(this, channel, rule):
                return None
            if not this.slack_state.is_shown_in(channel):
                return None
        try:
            await self.channel_sync.run(this, channel, mentions)
        except Refused as error:
            return await self.outage.write_refused(this, channel, error)
        if waited or before.ts is None:
            await self.outage.write_succeeded(this, channel)
        card = this.card(channel)
        return await self.channel_sync.message_sync.doubled(card) or None if card.doubled_until_ms else None


@dataclass
class Mentions:
    """Finds whom to mention, each person once for a while; a name without a mention is better than a late card."""

    identity: Identity
    timeout: float
    now: Callable[[], float] = time.monotonic
    _known: dict[UserId, tuple[SlackUserId | None, float]] = field(default_factory=dict, init=False)
    """The result of a lookup, and its expiry."""
    _looking: dict[UserId, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), init=False)

    async def assignees(self, snapshot: Snapshot) -> dict[UserId, SlackUserId]:
        """Return the Slack user of each assignee who has one, as far as they are found within a short time."""
        found: dict[UserId, SlackUserId] = {}
        try:
            async with asyncio.timeout(self.timeout):
                for user in sorted(snapshot.assignee_ids):
                    async with self._looking[user]:
                        if user not in self._known or self._known[user][1] <= self.now():
                            self._known[user] = await self._look_up(user)
                    if slack_user := self._known[user][0]:
                        found[user] = slack_user
        except TimeoutError:
            unknown = snapshot.assignee_ids - found.keys()
            self._known |= dict.fromkeys(unknown, (None, self.now() + FAILED_MENTION_TTL))
            log.warning("mention.unknown", users=sorted(unknown), why="lookup timed out")
        return found

    async def _look_up(self, user: UserId) -> tuple[SlackUserId | None, float]:
        """Return the Slack user of a person, and until when that is not asked again."""
        try:
            return await self.identity.mention(user), self.now() + MENTION_TTL
        except (CallError, Malformed) as error:
            log.warning("mention.unknown", users=[user], why=str(error))
            return None, self.now() + FAILED_MENTION_TTL


def _soonest(*waits: float | None) -> float | None:
    """Return the shortest of the waits in seconds, None if there is none."""
    return min((seconds for seconds in waits if seconds is not None), default=None)
