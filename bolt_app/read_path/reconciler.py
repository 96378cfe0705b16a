"""
The read path's second half: make Slack equal the projection.

Level-triggered: each pass reads the newest projection, compares it with what Slack shows, and makes the difference. The
only writer of cards and threads.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import structlog
from prometheus_client import Counter

from bolt_app.read_path.adoption import Adoption
from bolt_app.read_path.channel_outage import ChannelOutage
from bolt_app.read_path.channel_planner import ChannelPlanner
from bolt_app.read_path.channel_sync import CardDelays, ChannelSync, ReconcilePass, SlackUsers, retry_after
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.services import Services
from shared.errors import CallError, Malformed, NotFound, Refused
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.incident import Incident, settle
from shared.model.journal import failure
from shared.store.channel_index import DelayedCards
from shared.store.clock import Birth
from shared.store.coordination import Lease

log = structlog.get_logger()

READS = Counter("pagebridge_incident_reads", "Incidents read because their events could not be ordered")

MENTION_TTL = 60.0
"""Seconds that a lookup's result is reused."""
FAILED_MENTION_TTL = 2.0
"""The same for a failed lookup: a directory that is down is not read again for each card."""


class Reconciler:
    """Makes Slack equal the projections."""

    def __init__(self, services: Services, channel_planner: ChannelPlanner, message_sync: MessageSync) -> None:
        self._services = services
        self._channel_planner = channel_planner
        self._adoption = Adoption(services)
        delayed = DelayedCards(services.redis, services.durations.delay_notice_after)
        delays = CardDelays(services.slack, services.clock, delayed)
        self._channel_sync = ChannelSync(message_sync, services.account_cache, delays)
        self._outage = ChannelOutage(services, delays)
        self._mentions = Mentions(services)

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass; return the seconds until the next one, None if nothing is left. Raises `CallError`."""
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
        """Mark the content of all messages unknown, because our last call may have landed late; queue another pass."""
        await self._services.slack_states.change(incident, lambda slack_state: slack_state.content_unknown())
        await self._services.dirty_queue.mark(incident)

    async def _sync(self, known: Incident, snapshot: Snapshot, birth: Birth, lease: Lease) -> float | None:
        slack_state = (await self._services.slack_states.load(known.id)).value
        if not slack_state.generation:
            known, slack_state = await self._adoption.adopt(known, snapshot, slack_state, birth, lease)
        chosen = self._services.config.routing.route(snapshot)
        # An incident that was open before the bridge's first start gets a card with its next change.
        silent_ms = 0 if slack_state.channels or known.lines else slack_state.silent_until_ms
        if not silent_ms or known.as_of is None or known.as_of.end > silent_ms:
            slack_state = await self._channel_planner.plan(slack_state, snapshot, chosen, birth, lease)
        # It is indexed before it is shown, so that it can be found while Slack is down.
        if snapshot.status is Status.RESOLVED:
            await self._services.open_incidents.drop(known.id, slack_state.channels)
        else:
            shown = filter(slack_state.is_shown_in, slack_state.channels)
            await self._services.open_incidents.put(known.id, shown, snapshot.created_ms or 0)
            await self._services.open_incidents.hide(known.id, slack_state.privacy.hidden_in)
        if not slack_state.channels:
            return None
        if known.needs_enrichment:
            # The card does not wait for its enrichment; one that waits for Slack's rate limits is posted with it.
            await self._services.enrichment_queue.mark(known.id)
        return await self.sync_channels(
            ReconcilePass(known, snapshot, lease, slack_state, chosen, self._services.slack_states)
        )

    async def sync_channels(self, this: ReconcilePass) -> float | None:
        """
        Make each channel equal to the projection, home first; one that fails does not delay the others.

        Returns the seconds until a refused write may be retried. Raises the first error after all channels were tried,
        unless a refused write may be retried sooner.
        """
        mentions = await self._mentions.assignees(this.snapshot)
        retries: list[float] = []
        errors: list[CallError] = []
        for channel in this.slack_state.channels:
            try:
                seconds = await self._sync_channel(this, channel, mentions)
            except CallError as error:
                errors.append(error)
            else:
                retries += [] if seconds is None else [seconds]
        soonest = min(retries, default=None)
        first = min(errors, key=retry_after, default=None)
        if first is not None and (soonest is None or retry_after(first) < soonest):
            raise first
        return soonest

    async def _sync_channel(self, this: ReconcilePass, channel: ChannelId, mentions: SlackUsers) -> float | None:
        """
        Write what belongs into a channel, if it can be written to.

        Returns the seconds until a refused write may be retried, None if there is none. Raises `CallError`.
        """
        waited = channel in this.slack_state.waiting
        if waited and not await self._outage.may_retry(this, channel):
            return None
        before = this.card(channel)
        if before.ts is None and not before.uncertain and not this.slack_state.is_shown_in(channel):
            return None
        try:
            await self._channel_sync.run(this, channel, mentions)
        except Refused as error:
            return await self._outage.write_refused(this, channel, error)
        if waited or before.ts is None:
            await self._outage.write_succeeded(this, channel)
        return None

    async def _load(self, incident: IncidentId, lease: Lease) -> Incident:
        """Load the projection; read PagerDuty first if the times of the events could not decide."""
        before = await self._services.incidents.load(incident)
        if not before.value.needs_read and before.value.snapshot is not None:
            return before.value
        await lease.check(self._services.durations.pagerduty_timeout)
        try:
            read = (await self._services.pagerduty.incident(incident)).value
        except NotFound as error:
            # Unknown to PagerDuty or not visible to our token (PagerDuty REST: GET /incidents/{id}): no retry helps.
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
        # An event was folded meanwhile, so the read decides nothing; the newer projection may need a read, too.
        return await self._load(incident, lease)


class CachedMention(NamedTuple):
    """The result of a lookup, and its expiry."""

    slack_user: SlackUserId | None
    until: float


class Mentions:
    """
    Finds whom to mention on a card; a name without a mention is better than a late card.

    Many cards ask at once, so each person is looked up once, and remembered for a while.
    """

    def __init__(self, services: Services, now: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._now = now
        self._known: dict[UserId, CachedMention] = {}
        self._looking: defaultdict[UserId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def assignees(self, snapshot: Snapshot) -> dict[UserId, SlackUserId]:
        """Return the Slack user of each assignee who has one, as far as they are found within a short time."""
        found: dict[UserId, SlackUserId] = {}
        try:
            async with asyncio.timeout(self._services.durations.name_lookup):
                for user in sorted(snapshot.assignee_ids):
                    slack_user = await self._slack_user(user)
                    if slack_user is not None:
                        found[user] = slack_user
        except TimeoutError:
            unknown = snapshot.assignee_ids - found.keys()
            self._known |= dict.fromkeys(unknown, CachedMention(None, self._now() + FAILED_MENTION_TTL))
            log.warning("mention.unknown", users=sorted(unknown), why="lookup timed out")
        return found

    async def _slack_user(self, user: UserId) -> SlackUserId | None:
        async with self._looking[user]:
            known = self._known.get(user)
            if known is None or known.until <= self._now():
                known = self._known[user] = await self._look_up(user)
            return known.slack_user

    async def _look_up(self, user: UserId) -> CachedMention:
        try:
            return CachedMention(await self._services.identity.mention(user), self._now() + MENTION_TTL)
        except (CallError, Malformed) as error:
            log.warning("mention.unknown", users=[user], why=str(error))
            return CachedMention(None, self._now() + FAILED_MENTION_TTL)
