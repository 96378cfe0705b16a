"""
Channels that cannot be posted to: archived, without the app, unknown, or read-only.

An incident goes to the default channel instead, which says so. If it cannot go elsewhere it waits until the channel
opens: the incident that has waited longest retries now and then, and any success releases the others one by one.
"""

import structlog
from prometheus_client import Counter

from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.services import Services
from bolt_app.visibility import Visibility
from shared.errors import Refused
from shared.model.event import Status
from shared.model.ids import ChannelId
from shared.model.journal import failure
from shared.store.channel_index import ClosedChannels

log = structlog.get_logger()

REFUSED = Counter(
    "pagebridge_channel_refusals", "Messages that a channel did not take, by Slack's reason", ["channel", "why"]
)
DISPLACED = Counter("pagebridge_cards_displaced", "Cards sent to the default channel, by Slack's reason", ["why"])

CLOSED = frozenset(
    {
        "channel_not_found",
        "ekm_access_denied",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "posting_to_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
    }
)
"""Slack's error codes for a channel or thread that cannot be posted to until a person changes something."""


class ChannelOutage:
    """Decides what becomes of an incident in a channel that refuses it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._closed = ClosedChannels(services.redis)
        self._visibility = Visibility(services)

    async def is_writable(self, this: ReconcilePass, channel: ChannelId) -> bool:
        """True if this pass may write to `channel`."""
        if channel not in this.slack_state.waiting:
            return True
        return await self._closed.may_try(channel, this.incident.id)

    async def write_refused(self, this: ReconcilePass, channel: ChannelId, error: Refused) -> float | None:
        """Go to the default channel, or wait; return when to try again, None when something else will tell."""
        REFUSED.labels(channel, str(error.code)).inc()
        facts = {"incident": this.incident.id, "channel": channel, "why": str(error), "code": error.code}
        await self._services.journal.append(this.incident.id, failure("slack.refused", error, channel=channel))
        if error.code not in CLOSED:
            log.error("slack.refused", **facts)
            return self._services.durations.channel_retry
        instead = await self._fallback(this, channel)
        if instead is not None:
            log.error("channel.closed", **facts, instead=instead)
            DISPLACED.labels(str(error.code)).inc()
            await this.save(self._services.slack_states, lambda slack_state: slack_state.moved(instead))
            await self._wait(this, channel)
            return 0.0
        if channel not in this.slack_state.waiting:
            log.error("channel.closed", **facts)
        return self._services.durations.channel_retry if await self._wait(this, channel) else None

    async def _fallback(self, this: ReconcilePass, channel: ChannelId) -> ChannelId | None:
        """
        Find the channel that takes an incident whose home is closed: the default one, but none for a private team's.

        Raises `CallError` while it cannot be told whose it is: then it is shown nowhere else.
        """
        default = self._services.config.routing.default_channel
        if channel != this.home or not default or default == channel:
            return None
        return None if await self._visibility.private(this.snapshot.team_ids) else ChannelId(default)

    async def write_succeeded(self, this: ReconcilePass, channel: ChannelId, *, new: bool) -> None:
        """Note that a channel shows what it should; with a `new` card, or one that waited, let the next one try."""
        waited = channel in this.slack_state.waiting
        if waited or new:
            await self._retry_next(this, channel)
        if waited:
            await this.save(self._services.slack_states, lambda slack_state: slack_state.opened(channel))
            log.info("channel.open", incident=this.incident.id, channel=channel)
            if channel == this.slack_state.displaced:
                # The card that stands in for it says that it is closed.
                await self._services.dirty_queue.mark(this.incident.id)

    async def abandon(self, this: ReconcilePass, channel: ChannelId) -> None:
        """Give up a card that has become pointless, and let the next one try."""
        await self._retry_next(this, channel)
        await this.save(self._services.slack_states, lambda slack_state: slack_state.without(channel))

    async def _retry_next(self, this: ReconcilePass, channel: ChannelId) -> None:
        await self._closed.remove(channel, this.incident.id)
        following = await self._closed.first(channel)
        if following is not None:
            await self._services.dirty_queue.mark(following)

    async def _wait(self, this: ReconcilePass, channel: ChannelId) -> bool:
        now = await self._services.clock.now_ms()
        tries = await self._closed.add(channel, this.incident.id, now)
        await this.save(self._services.slack_states, lambda slack_state: slack_state.closed(channel))
        return tries


def is_obsolete(this: ReconcilePass, channel: ChannelId) -> bool:
    """True if the card need not be posted: the incident ended before the unavailable channel opened."""
    missing = channel != this.home and this.needs_card(channel)
    return missing and channel in this.slack_state.waiting and this.snapshot.status is Status.RESOLVED
