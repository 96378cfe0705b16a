"""
Posts and updates the message that counts a person's incidents in a storm: by the worker that holds its lease.

Each pass reads from the incidents' own records which of them count, so that a lost mark only delays an update.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog

from bolt_app.read_path.message_sync import MessageSync, MessageTarget, Rule
from shared.errors import Refused
from shared.model.direct_card import waits_for
from shared.model.direct_summary import DirectSummary
from shared.model.event import Snapshot
from shared.model.ids import ChannelId, IncidentId
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.slack.api.errors import CHANNEL_CLOSED
from shared.slack.render.direct_summary import render_summary
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents
from shared.store.incidents import Incidents

log = structlog.get_logger()

EVERY = 10.0
"""Seconds for which changes are gathered into one update."""


@dataclass(frozen=True)
class DirectSummaries:
    """One pass updates a conversation's message to the incidents that wait for its person; the queue retries it."""

    summaries: Documents[DirectSummary]
    queue: WorkQueue
    incidents: Incidents
    slack_states: Documents[SlackState]
    message_sync: MessageSync
    clock: StoreClock
    command: str

    async def add(self, conversation: ChannelId, incident: IncidentId) -> None:
        """Count an incident there, and let the message say so in a moment. Raises `StoreDown`."""
        now_ms = await self.clock.now_ms()
        await self.summaries.change(IncidentId(conversation), lambda known: known.with_incident(incident, now_ms))
        await self.changed(conversation)

    async def changed(self, conversation: ChannelId) -> None:
        """Ask for the message to be looked at in a moment. Raises `StoreDown`."""
        await self.queue.mark(IncidentId(conversation), EVERY)

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Make the message right in the conversation that `incident` names. Raises `CallError`, `StoreDown`."""
        known = (await self.summaries.load(incident, lease)).value
        if not known.incidents and known.message == MessageState():
            return None
        conversation = ChannelId(incident)
        read = await asyncio.gather(*(self._waiting(conversation, one) for one in known.incidents))
        found = dict(zip(known.incidents, read, strict=True))
        waiting = [(one, snapshot) for one, snapshot in found.items() if snapshot is not None]

        def rule(state: MessageState) -> Rule[DirectSummary]:
            return lambda now: now.with_message(state)

        change = partial(self.summaries.change, incident, lease=lease)
        since_ms, posts = known.since_ms, bool(waiting)
        target = MessageTarget(conversation, rule, change, change, lease, urgent=False, posts=posts, since_ms=since_ms)
        message = render_summary(f"summary:{conversation}:{known.since_ms}", waiting, self.command)
        try:
            state = await self.message_sync.sync_once(message, known.message, target)
        except Refused as error:
            log.error("direct.refused", conversation=conversation, why=str(error), code=error.code)
            if error.code not in CHANNEL_CLOSED:
                return self.message_sync.durations.channel_retry
            state = MessageState()
        done = frozenset(one for one, snapshot in found.items() if snapshot is None or state.is_gone)
        await self.summaries.change(incident, lambda now: now.without(done), lease)
        return await self.message_sync.doubled(state) or None

    async def _waiting(self, conversation: ChannelId, incident: IncidentId) -> Snapshot | None:
        """Return an incident as it is now if it waits for the person and has no message of its own."""
        card = (await self.slack_states.load(incident)).value.direct.get(conversation)
        snapshot = (await self.incidents.load(incident)).value.snapshot
        if card is None or snapshot is None or not (card.summed and waits_for(snapshot, card.user)):
            return None
        return snapshot
