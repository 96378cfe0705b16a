"""Makes card and thread of an incident in one channel equal to the projection; nothing else writes them."""

from dataclasses import dataclass, replace
from functools import partial

import structlog
from prometheus_client import Histogram

from bolt_app.account_cache import AccountCache
from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from bolt_app.read_path.reconcile_pass import ReconcilePass, SlackUsers
from shared.durations import Durations
from shared.errors import CallError, Refused, Unavailable, Uncertain
from shared.model.card_content import CardContent
from shared.model.event import SECOND, shown_until_ms
from shared.model.ids import ChannelId
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.model.thread_layout import ThreadEntry, awaits_resolve, broadcast_kind, is_wanted, layout_thread
from shared.slack.api.client import Slack
from shared.slack.api.errors import THREAD_GONE
from shared.slack.render import blocks, card, thread_line
from shared.slack.render.blocks import Message, duration
from shared.slack.render.card import CardPlacement, render_withheld
from shared.store.channel_index import Delay, DelayedCards, OpenIncidents
from shared.store.clock import StoreClock

log = structlog.get_logger()

HOLD = 3.0
"""Seconds for which a resolution note waits for its resolve, which PagerDuty sends beside it in any order."""

DELAY = Histogram(
    "pagebridge_card_delay_seconds",
    "Seconds from what happened at PagerDuty until the card showed it",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)


@dataclass(frozen=True)
class CardRenderer:
    """
    Renders cards, of channels and of people's own conversations.

    Old values end with the next edit after their time. The edit that does nothing else waits while there is a storm.
    """

    account_cache: AccountCache
    open_incidents: OpenIncidents
    clock: StoreClock
    durations: Durations

    async def render(
        self,
        this: ReconcilePass,
        state: MessageState,
        mentions: SlackUsers,
        placement: CardPlacement | None,
        content: CardContent,
    ) -> Message:
        """Render the card that is known by `state`, and note in the pass when it is to be rendered again for itself."""
        able = await self.account_cache.available_actions.get()
        draw = partial(card.render, this.incident, this.snapshot, mentions, placement, able=able, content=content)
        plain, changes = draw(), this.incident.changes if content.changes else ()
        old = draw(changes=changes) if changes else plain
        if old.digest == plain.digest:
            return plain
        now_ms, shown_ms = await self.clock.now_ms(), int(self.durations.changes_shown * SECOND)
        left_ms = min(shown_until_ms(changes, shown_ms) - now_ms, shown_ms)
        if left_ms > 0:
            this.render_again(left_ms / SECOND)
            return old
        if old.digest == state.content_digest and await self.open_incidents.is_storm(this.home, now_ms):
            this.render_again(self.durations.resync)
            return old
        return plain


@dataclass(frozen=True)
class CardDelays:
    """Reports how late the cards of a channel are: in a metric, and in the channel."""

    slack: Slack
    clock: StoreClock
    delayed: DelayedCards

    async def card_delayed(self, this: ReconcilePass, channel: ChannelId) -> None:
        """Note that the card could not be shown now, and post a notice once the channel's cards are too late."""
        if channel not in this.slack_state.late:
            await this.save(lambda slack_state: slack_state.waits(channel))
        is_shown = this.card(channel).state_ms >= this.as_of_ms  # by a digest
        since = await self.clock.now_ms() if is_shown else this.as_of_ms
        delay = await self.delayed.record(channel, this.incident.id, since)
        if delay.verdict:
            await self._announce(channel, delay)

    async def card_settled(
        self, this: ReconcilePass, channel: ChannelId, before: MessageState | None = None
    ) -> Unavailable | None:
        """
        Note that the card waits for no rate limit: it is refused, or up to date (then with its state `before`).

        Returns why people could not be told yet that none waits: as the last one, it is to be noted again.
        """
        now = this.card(channel)
        if before and before.content_digest != now.content_digest and before.state_ms < now.state_ms:
            DELAY.observe(max(0, await self.clock.now_ms() - this.as_of_ms) / SECOND)
        if channel not in this.slack_state.late:
            return None
        delay = await self.delayed.record(channel, this.incident.id, None)
        untold = await self._announce(channel, delay) if delay.verdict else None
        if untold is None or before is None:
            await this.note(lambda slack_state: slack_state.waits(channel, late=False))
        return untold

    async def _announce(self, channel: ChannelId, delay: Delay) -> Unavailable | None:
        """Post that the channel's cards are late, or up to date again. Returns why that is to be tried again."""
        text = ":white_check_mark: The cards in this channel are up to date again."
        if delay.verdict != "end":
            waiting = f"{delay.cards} cards are waiting" if delay.cards != 1 else "1 card is waiting"
            late = f"{waiting}, the oldest for {duration(delay.seconds)}. Nothing is lost, and paging is not affected."
            text = f":hourglass: The cards in this channel are late: {late}"
        notice = blocks.message(f"lag:{channel}:{await self.clock.now_ms()}", text, [], {})
        try:
            await self.slack.announce(channel, text=text, metadata=notice.metadata)
        except CallError as error:
            log.warning("delay_notice.failed", channel=channel, seconds=delay.seconds, why=str(error))
            if error.surely_not_done:
                await self.delayed.undo_notice(channel, delay.verdict)
            return error if isinstance(error, Unavailable) else None
        return None


@dataclass(frozen=True)
class ChannelSync:
    """Writes the card and the lines of one pass in one channel."""

    message_sync: MessageSync
    card_renderer: CardRenderer
    delays: CardDelays

    async def run(self, this: ReconcilePass, channel: ChannelId, mentions: SlackUsers) -> None:
        """Write the card and, even without it, its lines: Slack limits them apart. Raises `CallError` after both."""
        late: list[Unavailable] = []
        before = this.card(channel)
        try:
            await self._sync_card(this, channel, mentions if channel == this.home else {})
            late += filter(None, [await self.delays.card_settled(this, channel, before)])
        except (Unavailable, Uncertain) as error:
            if this.has_news(before):
                await self.delays.card_delayed(this, channel)
            if isinstance(error, Uncertain):
                raise
            late.append(error)
        try:
            if channel == this.home and this.card(channel).ts and this.slack_state.is_shown_in(channel):
                await self._sync_thread(this)
            elif this.clears and channel in this.slack_state.privacy.hidden_in:
                await self._clear_thread(this, channel)
        except Unavailable as error:
            late.append(error)
        if late:
            raise min(late, key=retry_after)

    async def _sync_card(self, this: ReconcilePass, channel: ChannelId, mentions: SlackUsers) -> None:
        before, shown = this.card(channel), this.slack_state.is_shown_in(channel)
        target: MessageTarget[SlackState] = MessageTarget(
            channel,
            lambda state: lambda kept: kept.with_card(channel, state, mentions, this.as_of_ms),
            this.save,
            this.note,
            this.lease,
            urgent=this.is_urgent(before),
        )
        message = await self._render_card(this, channel, mentions)
        for _ in range(2):
            state, done = this.card(channel), this.slack_state.mentioned & mentions.keys()
            if state.ts is None and done:
                # A card that is posted again mentions only people not mentioned before; the update adds the others.
                others = await self._render_card(
                    this, channel, {user: mentions[user] for user in mentions.keys() - done}
                )
                state = await self.message_sync.sync(others, state, target, edit=False)
            state = await self.message_sync.sync(message, state, target)
            if state.ts is not None or not shown:
                break
            if channel == this.home:
                # The thread is lost with its card.
                await this.save(lambda slack_state: slack_state.thread_lost())
        if this.has_news(this.card(channel)):
            # The card does not show the newest state yet.
            await this.note(target.rule(this.card(channel)))

    async def _render_card(self, this: ReconcilePass, channel: ChannelId, mentions: SlackUsers) -> Message:
        if not this.slack_state.is_shown_in(channel):
            return render_withheld(this.incident.id, this.snapshot)
        elsewhere = None if channel == this.home else this.home
        displaced = this.slack_state.displaced if elsewhere is None else None
        own = this.own_channel if this.own_channel in this.slack_state.channels else None
        placement = None
        if elsewhere or displaced or own:
            closed, beside = displaced in this.slack_state.waiting, None if own == channel else own
            placement = CardPlacement(home=elsewhere, displaced=displaced, closed=closed, own=beside)
        content = this.route.card_in(this.home if channel == own else channel)
        return await self.card_renderer.render(this, this.card(channel), mentions, placement, content)

    async def _sync_thread(self, this: ReconcilePass) -> None:
        """Write the lines at home, one after the other in the order of their time."""
        lines = this.incident.lines
        entries = layout_thread(lines, this.slack_state.lines.keys())
        quiet = {each.line.key for each in entries if not is_wanted(each.line, this.route.verbosity)}
        if quiet - this.slack_state.omitted_lines - this.slack_state.lines.keys():
            await this.note(lambda slack_state: slack_state.with_omitted(quiet))
        for entry in entries:
            key, state = entry.line.key, this.slack_state
            age_ms = self.message_sync.clock.estimate_ms() - entry.line.at.ms
            if key not in state.lines and abs(age_ms) < HOLD * SECOND and awaits_resolve(entry.line, lines):
                # For a moment, by clocks that agree roughly: it is about to become part of another line.
                raise Unavailable("a resolution note waits for its resolve", retry_after=HOLD / 2)
            if key not in quiet and (key in state.lines or not state.is_silent(entry.line)):
                await self._sync_line(this, entry)
            this.told = (*this.told, entry)

    async def _clear_thread(self, this: ReconcilePass, channel: ChannelId) -> None:
        """Delete the lines below a card that is withheld, once: what people wrote there is theirs."""
        thread = this.card(channel).ts
        if thread is None or channel in this.slack_state.privacy.cleared_in:
            return
        await self.message_sync.delete_replies(channel, thread, this.slack_state.lines.values(), this.lease)
        log.info("thread.cleared", incident=this.incident.id, channel=channel)

        def rule(kept: SlackState) -> SlackState:
            # Where it becomes public again its thread goes on with what is told from then on.
            ended = kept.thread_lost() if channel == kept.channels[0] else kept
            return replace(ended, privacy=ended.privacy.cleared(channel))

        await this.save(rule)

    async def _sync_line(self, this: ReconcilePass, entry: ThreadEntry) -> None:
        key, channel = entry.line.key, this.home
        known = this.slack_state.lines.get(key, MessageState())
        if known.ts is not None and (not entry.is_edited or key in this.slack_state.outdated_lines):
            return
        target: MessageTarget[SlackState] = MessageTarget(
            channel,
            lambda state: lambda kept: replace(kept, lines={**kept.lines, key: state}),
            this.save,
            this.note,
            this.lease,
            this.card(channel).ts,
            broadcast=broadcast_kind(entry) in this.route.broadcast,
            urgent=this.snapshot.urgency == "high",
        )
        message = thread_line.render_line(this.incident.id, entry, this.snapshot)
        try:
            state = await self.message_sync.sync(message, known, target, edit=entry.is_edited)
            if state.ts is None:
                await self.message_sync.sync(message, state, target, edit=False)
        except Refused as error:
            if error.code not in THREAD_GONE:
                raise
            await this.save(lambda slack_state: slack_state.without_card(channel))
            raise Unavailable("the card with the thread is gone, and has to be posted again") from error


def retry_after(error: CallError) -> float:
    """Return the seconds after which to retry; 0 if the error does not say."""
    return (error.retry_after or 0.0) if isinstance(error, Unavailable) else 0.0
