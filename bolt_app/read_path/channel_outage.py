"""
A channel that cannot be posted to: it is archived, without the app, unknown or read-only.

Its incidents go to the default channel instead, which says so. One that cannot go elsewhere waits until the channel
opens: the incident that has waited longest retries now and then, and any success releases the others one by one.
"""

from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from bolt_app.read_path.channel_sync import CardDelays
from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.visibility import Visibility
from shared.config.bridge_config import LiveConfig
from shared.errors import Refused
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.journal import failure
from shared.slack.api.errors import CHANNEL_CLOSED
from shared.store.channel_index import ClosedChannels
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue
from shared.store.journal import Journal

log = structlog.get_logger()

REFUSED = Counter(
    "pagebridge_channel_refusals", "Messages that a channel did not take, by Slack's reason", ["channel", "why"]
)
DISPLACED = Counter("pagebridge_cards_displaced", "Cards sent to the default channel, by Slack's reason", ["why"])


@dataclass(frozen=True)
class ChannelOutage:
    """Decides what becomes of an incident in a channel that refuses it."""

    closed: ClosedChannels
    delays: CardDelays
    dirty_queue: WorkQueue
    journal: Journal
    clock: StoreClock
    config: LiveConfig
    visibility: Visibility
    channel_retry: float

    async def may_retry(self, this: ReconcilePass, channel: ChannelId) -> bool:
        """True if this pass may write there again; except at home, a resolved incident gets no new card."""
        if not await self.closed.may_try(channel, this.incident.id):
            return False
        card = this.card(channel)
        missing = channel != this.home and not card.exists
        if not (missing and this.snapshot.status is Status.RESOLVED):
            return True
        await self._release_next(channel, this.incident.id)
        await this.save(lambda slack_state: slack_state.without(channel))
        return False

    async def write_refused(self, this: ReconcilePass, channel: ChannelId, error: Refused) -> float | None:
        """Move to the default channel, or wait. Return the seconds until a retry, None if another event triggers it."""
        await self.delays.card_settled(this, channel)
        REFUSED.labels(channel, str(error.code) if error.code in CHANNEL_CLOSED else "other").inc()
        facts = {"incident": this.incident.id, "channel": channel, "why": str(error), "code": error.code}
        await self.journal.append(this.incident.id, failure("slack.refused", error, channel=channel))
        if error.code not in CHANNEL_CLOSED:
            log.error("slack.refused", **facts)
            return self.channel_retry
        instead = await self._fallback(this, channel)
        if instead is not None:
            log.error("channel.closed", **facts, instead=instead)
            DISPLACED.labels(str(error.code)).inc()
            await this.save(lambda slack_state: slack_state.moved(instead))
        elif channel not in this.slack_state.waiting:
            log.error("channel.closed", **facts)
        retries = await self.closed.add(channel, this.incident.id, await self.clock.now_ms())
        await this.save(lambda slack_state: slack_state.closed(channel))
        if instead is not None:
            return 0.0
        return self.channel_retry if retries else None

    async def _fallback(self, this: ReconcilePass, channel: ChannelId) -> ChannelId | None:
        """Return the default channel if home is closed, None for private teams. Raises `CallError` if not read."""
        default = self.config.current.routing.default_channel
        if channel != this.home or not default or default == channel:
            return None
        return None if await self.visibility.is_private(this.snapshot) else ChannelId(default)

    async def write_succeeded(self, this: ReconcilePass, channel: ChannelId) -> None:
        """Note that a channel took a new card, or one that waited, and let the next incident try."""
        waited = channel in this.slack_state.waiting
        await self._release_next(channel, this.incident.id)
        if waited:
            await this.save(lambda slack_state: slack_state.opened(channel))
            log.info("channel.open", incident=this.incident.id, channel=channel)
            if channel == this.slack_state.displaced:
                # The card in the default channel says that this one is closed.
                await self.dirty_queue.mark(this.incident.id)

    async def _release_next(self, channel: ChannelId, done: IncidentId) -> None:
        await self.closed.remove(channel, done)
        following = await self.closed.first(channel)
        if following is not None:
            await self.dirty_queue.mark(following)
