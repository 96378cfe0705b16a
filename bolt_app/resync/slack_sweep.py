"""
Compares Slack's history with what is stored: a process that died, or woke up too late, may have left messages.

A message that carries a recorded key under another `ts` is deleted, the recorded one stays; a line beside its thread
is deleted as well. A card that shows another version than recorded, or is gone, is written again by the reconciler. A
card of which nothing is recorded belongs to an incident that has to be adopted.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Counter

from bolt_app.resync.incident_resync import IncidentResync
from bolt_app.resync.resync_pass import ResyncPass, for_a_time, in_turn
from shared.config.bridge_config import LiveConfig
from shared.durations import Durations
from shared.errors import FencedOff, Malformed, NotFound, Refused, Uncertain
from shared.model.event import SECOND
from shared.model.ids import ChannelId, IncidentId, MessageTs, incident_id
from shared.model.journal import fact
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.slack.api.client import Slack
from shared.slack.api.models import OwnMessage
from shared.slack.render.message_metadata import incident_of_card, incident_of_line, line_key, version
from shared.store.channel_index import OpenIncidents
from shared.store.clock import Birth, StoreClock
from shared.store.coordination import Lease, Leases, WorkQueue, wait_at_most
from shared.store.documents import Documents
from shared.store.incidents import Incidents
from shared.store.journal import Journal

log = structlog.get_logger()

SWEPT = Counter("pagebridge_sweep_repairs", "Messages that were not as recorded, by what was wrong", ["wrong"])
LOOKBACK_MS = 7 * 24 * 3600 * SECOND
"""Milliseconds that a channel is read back."""
CHANNELS_SHARE = 0.25
"""The part of the interval for which one pass reads channels; the next one goes on from there."""
THREADS = 20
"""How many threads one pass reads; the next one goes on from there."""


@dataclass
class ChannelFindings:
    """The bridge's messages in one channel: those of known incidents, cards of unknown incidents, duplicate cards."""

    present: set[MessageTs] = field(default_factory=set)
    unknown: dict[IncidentId, None] = field(default_factory=dict)
    duplicates: dict[IncidentId, list[MessageTs]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class SlackSweep:
    """Repairs cards and threads. Its calls are patient: within Slack's rate limits, all other calls go first."""

    slack: Slack
    incidents: Incidents
    slack_states: Documents[SlackState]
    open_incidents: OpenIncidents
    dirty_queue: WorkQueue
    journal: Journal
    leases: Leases
    clock: StoreClock
    config: LiveConfig
    durations: Durations
    resync: IncidentResync

    async def sweep(self, this: ResyncPass) -> None:
        """Check channels for a time, and the next `THREADS` threads. Raises `CallError`, `Stopping`."""
        # A card that lands after its channel was read would be missed, and first cards need the calls.
        unsettled = await self.clock.until_settled(this.birth.ms, self.durations.call_max)
        await wait_at_most(unsettled, self.resync.stopping)
        oldest_ms = await self.clock.now_ms() - LOOKBACK_MS
        routing = self.config.current.routing
        named = [channel for route in routing.routes for channel in route.all_channels]
        channels = [ChannelId(channel) for channel in [*named, routing.default_channel] if channel]
        channels = in_turn(channels, this.positions.channel)
        for channel in for_a_time(channels, CHANNELS_SHARE * self.durations.resync, "channels"):
            self.resync.require_running()
            # Before it is swept: one that always breaks the sweep off holds up no other.
            this.positions = replace(this.positions, channel=channel)
            await self._sweep_channel(channel, oldest_ms, this)
        await self._sweep_threads(this)

    async def _sweep_channel(self, channel: ChannelId, oldest_ms: int, this: ResyncPass) -> None:
        """Compare one channel with the records, each message when it is read, because records change meanwhile."""
        found = ChannelFindings()
        begun_ms = await self.clock.now_ms()
        try:
            async for message in self.slack.own_messages(channel, oldest_ms=oldest_ms, patient=True, reader="sweep"):
                await self._check_message(channel, message, found, this)
        except (Refused, Uncertain, Malformed) as error:
            log.warning("sweep.channel_unread", channel=channel, why=str(error))
            return
        for incident in found.unknown:
            await self.resync.check_new(this, incident)
        for incident, doubled in found.duplicates.items():
            await self._delete_duplicates(incident, channel, doubled, this)
        posted = range(oldest_ms, begun_ms - int(self.durations.webhook_grace * SECOND))
        # Deleted cards are posted again while their incidents are open.
        for incident in await self.open_incidents.shown_in(channel):
            placed = (await self.slack_states.load(incident)).value.cards.get(channel, MessageState())
            if placed.ts and placed.ts not in found.present and int(float(placed.ts) * SECOND) in posted:
                await self._forget(incident, channel, placed, "gone")

    async def _check_message(
        self, channel: ChannelId, message: OwnMessage, found: ChannelFindings, this: ResyncPass
    ) -> None:
        if not message.deleted:
            found.present.add(message.ts)
        if message.thread_ts is not None:
            return
        if incident_of_line(message):
            # Its thread was gone when it was posted: it is told in another one.
            found.duplicates[incident_id(incident_of_line(message))].append(message.ts)
        if not incident_of_card(message):
            return
        incident = incident_id(incident_of_card(message))
        slack_state = (await self.slack_states.load(incident)).value
        placed = slack_state.cards.get(channel, MessageState())
        if not slack_state.generation:
            found.unknown[incident] = None
        elif placed.ts not in (None, message.ts):
            found.duplicates[incident].append(message.ts)
        elif _was_on_its_way(message, placed, this.birth):
            # Deleted now, or once its own card is there.
            has_own = channel in slack_state.channels and channel not in slack_state.digests
            this.soon = this.soon or has_own
            found.duplicates[incident] += [] if has_own else [message.ts]
        elif placed.uncertain:
            # Which of several is the card is recorded once its post is settled.
            this.soon = True
        elif placed.content_digest not in (None, version(message)):
            await self._forget(incident, channel, placed, "version")

    async def _forget(self, incident: IncidentId, channel: ChannelId, seen: MessageState, wrong: str) -> None:
        """Forget what a card shows, if it is still recorded as it was; the reconciler then writes it again."""
        if seen.content_digest is None:
            return
        SWEPT.labels(wrong).inc()
        log.warning("sweep.repaired", incident=incident, channel=channel, wrong=wrong)

        def rule(slack_state: SlackState) -> SlackState:
            same = slack_state.cards.get(channel) == seen
            return slack_state.with_card(channel, replace(seen, content_digest=None)) if same else slack_state

        repaired = fact("sweep.repaired", channel=channel, wrong=wrong)
        await self.slack_states.change(incident, rule, facts=lambda: (repaired,))
        await self.dirty_queue.mark(incident)

    async def _sweep_threads(self, this: ResyncPass) -> None:
        """Read the next threads: of open incidents and of those with new log entries, which may be resolved by now."""
        incidents = {*await self.open_incidents.all(), *this.moved}
        for incident in in_turn(incidents, this.positions.thread)[:THREADS]:
            self.resync.require_running()
            await this.lease.check(self.durations.slack_timeout)
            this.positions = replace(this.positions, thread=incident)
            await self._sweep_thread(incident, this)

    async def _sweep_thread(self, incident: IncidentId, this: ResyncPass) -> None:
        slack_state = (await self.slack_states.load(incident)).value
        home = next(iter(slack_state.channels), None)
        card = slack_state.cards.get(home, MessageState()).ts if home else None
        if home is None or card is None:
            return
        try:
            since_ms = int(float(card) * SECOND)
            own = self.slack.own_messages(home, oldest_ms=since_ms, thread_ts=card, patient=True, reader="sweep")
            messages = [message async for message in own]
        except (Refused, Uncertain, Malformed) as error:
            log.warning("sweep.thread_unread", incident=incident, why=str(error))
            return
        keys = {message.ts: line_key(incident, message) for message in messages}
        told = (await self.incidents.whole(incident)).value.lines
        lines = {line.key: MessageState(ts=line.message) for line in told if line.told}
        lines |= (await self.slack_states.load(incident)).value.lines
        recorded = {ts: lines.get(key, MessageState()) for ts, key in keys.items() if key}
        this.soon = this.soon or any(line.uncertain for line in recorded.values())
        # The message of each of these lines is another one, as recorded.
        doubled = [ts for ts, line in recorded.items() if line.ts not in (None, ts)]
        await self._delete_duplicates(incident, home, doubled, this)

    async def _delete_duplicates(
        self, incident: IncidentId, channel: ChannelId, doubled: list[MessageTs], this: ResyncPass
    ) -> None:
        """Delete duplicates if no other worker writes this incident's messages; else check again soon."""
        lease = await self.leases.take(incident) if doubled else None
        if lease is None:
            this.soon = this.soon or bool(doubled)
            return
        try:
            slack_state = (await self.slack_states.load(incident)).value
            recorded = [*slack_state.cards.values(), *slack_state.lines.values()]
            told = {line.message for line in (await self.incidents.whole(incident)).value.lines}
            for ts in doubled:
                if ts not in told and not any(ts in (message.ts, message.replaces) for message in recorded):
                    await self._delete_one(incident, channel, ts, lease)
        except FencedOff as error:
            log.warning("sweep.fenced_off", incident=incident, why=str(error))
            this.soon = True
            return
        await lease.release()

    async def _delete_one(self, incident: IncidentId, channel: ChannelId, ts: MessageTs, lease: Lease) -> None:
        await lease.check(self.durations.slack_timeout)
        try:
            await self.slack.delete(channel, ts)
        except NotFound:
            return
        except Refused as error:
            log.error("sweep.not_deleted", incident=incident, channel=channel, ts=ts, why=str(error))
            return
        SWEPT.labels("doubled").inc()
        log.warning("sweep.repaired", incident=incident, channel=channel, wrong="doubled")
        await self.journal.append(incident, fact("sweep.repaired", channel=channel, wrong="doubled", ts=ts))


def _was_on_its_way(message: OwnMessage, placed: MessageState, birth: Birth) -> bool:
    """Whether a card came after the data began although no pass posted it: its post was under way when all was lost."""
    return placed.ts is None and not placed.uncertain and float(message.ts) * SECOND >= birth.ms
