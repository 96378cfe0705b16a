"""
Makes the cards and thread lines in Slack equal to the projection.

Channels are independent: one that refuses, or is rate limited, does not delay the others.
"""

from collections.abc import Mapping

from bolt_app.read_path.channel_outage import ChannelOutage, is_obsolete
from bolt_app.read_path.delay_notice import DelayNotice
from bolt_app.read_path.mentions import Mentions
from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.services import Services
from shared.errors import CallError, Refused, Unavailable, Uncertain
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.slack_state import MessageState
from shared.model.thread_layout import ThreadEntry, broadcast_kind, is_wanted, layout_thread
from shared.slack.render import card, thread_line
from shared.slack.render.blocks import Message
from shared.slack.render.card import CardPlacement
from shared.slack.withheld import render_withheld

__all__ = ["ChannelSync", "ReconcilePass"]

NO_THREAD = frozenset({"cannot_reply_to_message", "thread_not_found"})
"""Slack's words for a thread whose first message is gone."""

Names = Mapping[UserId, SlackUserId]
"""Whom to mention for whom."""


class ChannelSync:
    """Writes cards and lines. Nothing else does."""

    def __init__(self, services: Services, message_sync: MessageSync) -> None:
        self._services = services
        self._message_sync = message_sync
        self._channel_outage = ChannelOutage(services)
        self._delay_notice = DelayNotice(services)
        self._mentions = Mentions(services)

    async def sync(self, this: ReconcilePass) -> float | None:
        """
        Write the home card, then the lines that are missing, in the order of their time, then the cards elsewhere.

        Returns when to try again what was refused. Raises what kept some channel from being written, after the others
        have been, unless what was refused can be tried again sooner.
        """
        names = await self._mentions.assignees(this.snapshot)
        again: list[float | None] = []
        late: list[CallError] = []
        for channel in this.slack_state.channels:
            try:
                again.append(await self._sync_channel(this, channel, names))
            except CallError as error:
                late.append(error)
        soonest = min((seconds for seconds in again if seconds is not None), default=None)
        first = min(late, key=_retry_after, default=None)
        if first is not None and (soonest is None or _retry_after(first) < soonest):
            raise first
        return soonest

    async def _sync_channel(self, this: ReconcilePass, channel: ChannelId, names: Names) -> float | None:
        """Write what belongs into one channel, if it can be written to; return when to try that again."""
        if not await self._channel_outage.is_writable(this, channel):
            return None
        if is_obsolete(this, channel):
            await self._channel_outage.abandon(this, channel)
            return None
        if not this.slack_state.is_shown_in(channel) and this.needs_card(channel):
            return None
        new = this.card(channel).ts is None
        try:
            await self._sync_messages(this, channel, names)
        except Refused as error:
            await self._delay_notice.card_refused(this, channel)
            return await self._channel_outage.write_refused(this, channel, error)
        await self._channel_outage.write_succeeded(this, channel, new=new)
        return None

    async def _sync_messages(self, this: ReconcilePass, channel: ChannelId, names: Names) -> None:
        """Write the card, and its lines: they need not wait for an update of it, because Slack counts the two apart."""
        late: list[Unavailable] = []
        try:
            await self._sync_card_timed(this, channel, names)
        except Unavailable as error:
            late.append(error)
        try:
            await self._sync_thread(this, channel)
        except Unavailable as error:
            late.append(error)
        if late:
            raise min(late, key=_retry_after)

    async def _sync_card_timed(self, this: ReconcilePass, channel: ChannelId, names: Names) -> None:
        before = this.card(channel)
        try:
            await self._sync_card(this, channel, names)
        except (Unavailable, Uncertain):
            if this.has_news(before):
                await self._delay_notice.card_delayed(this, channel)
            raise
        await self._delay_notice.card_shown(this, channel, since=before)

    async def _render_card(self, this: ReconcilePass, channel: ChannelId, names: Names) -> Message:
        if not this.slack_state.is_shown_in(channel):
            return render_withheld(this.incident.id, this.snapshot)
        elsewhere = this.home if channel != this.home else None
        displaced = this.slack_state.displaced_from(channel)
        places = CardPlacement(home=elsewhere, displaced=displaced, closed=displaced in this.slack_state.waiting)
        able = await self._services.account_cache.available_actions()
        return card.render(this.incident, this.snapshot, names, places, able=able)

    async def _sync_card(self, this: ReconcilePass, channel: ChannelId, names: Names) -> None:
        names = names if channel == this.home else {}
        message = await self._render_card(this, channel, names)

        async def save(state: MessageState) -> None:
            known = state.with_news(this.as_of_ms)
            called = names if state.ts not in (None, this.card(channel).ts) else ()
            await this.save(
                self._services.slack_states,
                lambda slack_state: slack_state.with_card(channel, known).with_mentioned(called),
            )

        # An update that only adds to a state already shown must not delay another incident's news.
        urgent = this.has_news(this.card(channel)) or bool(this.incident.attempts)
        place = MessageTarget(channel, save, this.lease, urgent=this.urgent and urgent)
        state = await self._ensure_card(this, message, names, place)
        state = await self._message_sync.ensure_content(message, state, place)
        if state.ts is None and this.slack_state.is_shown_in(channel):
            if channel == this.home:
                # The thread is gone with it.
                await this.save(self._services.slack_states, lambda slack_state: slack_state.thread_lost())
            await self._message_sync.ensure_content(
                message, await self._ensure_card(this, message, names, place), place
            )
        if this.has_news(this.card(channel)):
            # The card does not show the newest state yet.
            await save(this.card(channel))

    async def _ensure_card(
        self, this: ReconcilePass, message: Message, names: Names, place: MessageTarget
    ) -> MessageState:
        """Make a card exist. To post it anew calls only people whom no message has called; others it names at first."""
        known = this.card(place.channel)
        if known.ts is None and this.slack_state.mentioned & names.keys():
            fresh = {user: names[user] for user in names.keys() - this.slack_state.mentioned}
            message = await self._render_card(this, place.channel, fresh)
        return await self._message_sync.ensure_posted(message, known, place)

    async def _sync_thread(self, this: ReconcilePass, channel: ChannelId) -> None:
        """Write the lines, one after the other, as soon as there is a card for them."""
        if channel != this.home or this.card(channel).ts is None or not this.slack_state.is_shown_in(channel):
            return
        entries = layout_thread(this.incident.lines, this.slack_state.lines.keys())
        quiet = {each.line.key for each in entries if not is_wanted(each.line, this.route.verbosity)}
        if quiet - this.slack_state.omitted_lines - this.slack_state.lines.keys():
            await this.save(self._services.slack_states, lambda slack_state: slack_state.with_omitted(quiet))
        for entry in entries:
            if entry.line.key not in quiet and not this.slack_state.is_announced(entry.line):
                await self._sync_line(this, entry)

    async def _sync_line(self, this: ReconcilePass, entry: ThreadEntry) -> None:
        key = entry.line.key
        known = this.slack_state.lines.get(key, MessageState())
        if known.ts is not None and (not entry.sides or key in this.slack_state.outdated_lines):
            return

        async def save(state: MessageState) -> None:
            await this.save(self._services.slack_states, lambda slack_state: slack_state.with_line(key, state))

        thread, aloud = this.card(this.home).ts, broadcast_kind(entry.line) in this.route.broadcast
        place = MessageTarget(this.home, save, this.lease, thread=thread, broadcast=aloud, urgent=this.urgent)
        message = thread_line.render_line(this.incident.id, entry.line, entry.sides, entry.before)
        try:
            state = await self._message_sync.ensure_posted(message, known, place)
            if entry.sides:
                state = await self._message_sync.ensure_content(message, state, place)
            await self._message_sync.ensure_posted(message, state, place)
        except Refused as error:
            if error.code not in NO_THREAD:
                raise
            await this.save(self._services.slack_states, lambda slack_state: slack_state.without_card(this.home))
            raise Unavailable("the card with the thread is gone, and has to be posted again") from error


def _retry_after(error: CallError) -> float:
    return (error.retry_after or 0.0) if isinstance(error, Unavailable) else 0.0
