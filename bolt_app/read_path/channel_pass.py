"""
One pass over an incident, and one channel in it: whether the channel can be posted to, and how late its card is.

A channel that is archived, without the app, unknown or read-only cannot be posted to. The incident goes to the default
channel instead, which says so. If it cannot go elsewhere it waits until the channel opens: the incident that has waited
longest retries now and then, and any success releases the others one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Histogram

from bolt_app.services import Services
from bolt_app.visibility import Visibility
from shared.errors import CallError, Refused
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId
from shared.model.incident import Incident
from shared.model.journal import failure
from shared.model.slack_state import MessageState, SlackState
from shared.routing import Route
from shared.slack.api.errors import CHANNEL_CLOSED
from shared.slack.render.blocks import metadata
from shared.slack.render.text import duration
from shared.store.channel_index import ClosedChannels, Delay, DelayedCards
from shared.store.coordination import Lease
from shared.store.documents import Documents

log = structlog.get_logger()

REFUSED = Counter(
    "pagebridge_channel_refusals", "Messages that a channel did not take, by Slack's reason", ["channel", "why"]
)
DISPLACED = Counter("pagebridge_cards_displaced", "Cards sent to the default channel, by Slack's reason", ["why"])
DELAY = Histogram(
    "pagebridge_card_delay_seconds",
    "Seconds from what happened at PagerDuty until the card showed it",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)


@dataclass
class ReconcilePass:
    """One pass over one incident: what is known, which route holds, and under which lease its messages are stored."""

    incident: Incident
    snapshot: Snapshot
    lease: Lease
    slack_state: SlackState
    route: Route
    slack_states: Documents[SlackState]

    @property
    def home(self) -> ChannelId:
        """The channel with the thread."""
        return self.slack_state.channels[0]

    @property
    def urgent(self) -> bool:
        """True if the incident's messages go before others."""
        return self.snapshot.urgency == "high"

    @property
    def as_of_ms(self) -> int:
        """
        The time of the newest event that its messages can show, by PagerDuty's clock.

        Its lines count as well: a read may have made the second that is known begin earlier than its last event.
        """
        known = self.incident.as_of.ms if self.incident.as_of else 0
        return max([known, *(line.at.ms for line in self.incident.lines)])

    def card(self, channel: ChannelId) -> MessageState:
        """Return the stored state of the card in a channel."""
        return self.slack_state.cards.get(channel, MessageState())

    def has_news(self, state: MessageState) -> bool:
        """True if something happened since the state that the message shows."""
        return state.ts is None or state.state_ms < self.as_of_ms

    async def save(self, rule: Callable[[SlackState], SlackState]) -> None:
        """Change what is stored of the incident's messages. Raises `FencedOff` if the lease is lost."""
        self.slack_state = (await self.slack_states.change(self.incident.id, rule, self.lease)).value


class ChannelOutage:
    """Decides what becomes of an incident in a channel that refuses it."""

    def __init__(self, services: Services, this: ReconcilePass, channel: ChannelId) -> None:
        self._services = services
        self._this = this
        self._channel = channel
        self._closed = ClosedChannels(services.redis)

    @property
    def waits(self) -> bool:
        """True if the channel could not be posted to when this incident last tried."""
        return self._channel in self._this.slack_state.waiting

    async def is_writable(self) -> bool:
        """True if this pass may write to the channel."""
        return not self.waits or await self._closed.may_try(self._channel, self._this.incident.id)

    async def write_refused(self, error: Refused) -> float | None:
        """Move to the default channel, or wait. Return the seconds until a retry, None if another event triggers it."""
        this, channel = self._this, self._channel
        REFUSED.labels(channel, str(error.code)).inc()
        facts = {"incident": this.incident.id, "channel": channel, "why": str(error), "code": error.code}
        await self._services.journal.append(this.incident.id, failure("slack.refused", error, channel=channel))
        if error.code not in CHANNEL_CLOSED:
            log.error("slack.refused", **facts)
            return self._services.durations.channel_retry
        instead = await self._fallback()
        if instead is not None:
            log.error("channel.closed", **facts, instead=instead)
            DISPLACED.labels(str(error.code)).inc()
            await this.save(lambda slack_state: slack_state.moved(instead))
        elif not self.waits:
            log.error("channel.closed", **facts)
        retries = await self._closed.add(channel, this.incident.id, await self._services.clock.now_ms())
        await this.save(lambda slack_state: slack_state.closed(channel))
        if instead is not None:
            return 0.0
        return self._services.durations.channel_retry if retries else None

    async def _fallback(self) -> ChannelId | None:
        """
        Return the channel for an incident whose home is closed: the default one, but none for a private team's.

        Raises `CallError` while the teams cannot be read: then it is shown nowhere else.
        """
        default = self._services.config.routing.default_channel
        if self._channel != self._this.home or not default or default == self._channel:
            return None
        private = await Visibility(self._services).private(self._this.snapshot.team_ids)
        return None if private else ChannelId(default)

    async def write_succeeded(self, *, new: bool) -> None:
        """Note that the channel is up to date; with a `new` card, or one that waited, let the next incident try."""
        this, waited = self._this, self.waits
        if waited or new:
            await self._retry_next()
        if waited:
            await this.save(lambda slack_state: slack_state.opened(self._channel))
            log.info("channel.open", incident=this.incident.id, channel=self._channel)
            if self._channel == this.slack_state.displaced:
                # The card in the default channel says that this one is closed.
                await self._services.dirty_queue.mark(this.incident.id)

    async def abandon_obsolete(self) -> bool:
        """
        Give up a card that is obsolete, and let the next incident try; return whether it was.

        It is when the incident was resolved before the channel opened, except at home.
        """
        this, channel = self._this, self._channel
        card = this.card(channel)
        missing = channel != this.home and card.ts is None and not card.uncertain
        if not (missing and self.waits and this.snapshot.status is Status.RESOLVED):
            return False
        await self._retry_next()
        await this.save(lambda slack_state: slack_state.without(channel))
        return True

    async def _retry_next(self) -> None:
        await self._closed.remove(self._channel, self._this.incident.id)
        following = await self._closed.first(self._channel)
        if following is not None:
            await self._services.dirty_queue.mark(following)


class DelayNotice:
    """Reports how late the cards of a channel are: in a metric, and in the channel."""

    def __init__(self, services: Services, this: ReconcilePass, channel: ChannelId) -> None:
        self._services = services
        self._this = this
        self._channel = channel
        self._delayed = DelayedCards(services.redis, services.durations.delay_notice_after)

    async def card_delayed(self) -> None:
        """Note that the card could not be shown now, and post a notice once the channel's cards are too late."""
        since = self._this.as_of_ms or await self._services.clock.now_ms()
        await self._post(await self._delayed.record(self._channel, self._this.incident.id, since))

    async def card_shown(self, before: MessageState) -> None:
        """Note that the card is up to date; `before` is its state before this pass."""
        now = self._this.card(self._channel)
        if before.content_digest != now.content_digest and before.state_ms < now.state_ms:
            DELAY.observe(max(0, await self._services.clock.now_ms() - self._this.as_of_ms) / 1000)
        await self.card_settled()

    async def card_settled(self) -> None:
        """Note that the card does not wait for Slack's rate limits: it is up to date, or the channel refused it."""
        await self._post(await self._delayed.record(self._channel, self._this.incident.id, None))

    async def _post(self, delay: Delay) -> None:
        """Post once that the channel's cards are late, and once that they are up to date again."""
        if not delay.verdict:
            return
        text = ":white_check_mark: The cards in this channel are up to date again."
        if delay.verdict != "end":
            waiting = f"{delay.cards} cards are waiting" if delay.cards != 1 else "1 card is waiting"
            text = (
                f":hourglass: The cards in this channel are late: {waiting}, the oldest for "
                f"{duration(delay.seconds)}. Nothing is lost, and paging is not affected."
            )
        key = f"lag:{self._channel}:{await self._services.clock.now_ms()}"
        try:
            await self._services.slack.announce(self._channel, text=text, metadata=metadata(key, {}))
        except CallError as error:
            log.warning("delay_notice.failed", channel=self._channel, seconds=delay.seconds, why=str(error))
            if error.surely_not_done:
                await self._delayed.undo_notice(self._channel, delay.verdict)
