"""
Makes the card and the thread of one incident in one channel equal to the projection.

Nothing else writes cards and lines.
"""

from collections.abc import Mapping

from bolt_app.read_path.channel_pass import ChannelOutage, DelayNotice, ReconcilePass
from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from bolt_app.services import Services
from shared.errors import CallError, Refused, Unavailable, Uncertain
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.slack_state import MessageState
from shared.model.thread_layout import ThreadEntry, broadcast_kind, is_wanted, layout_thread
from shared.slack.api.errors import THREAD_GONE
from shared.slack.render import card, thread_line
from shared.slack.render.blocks import Message
from shared.slack.render.card import CardPlacement
from shared.slack.withheld import render_withheld

Mentions = Mapping[UserId, SlackUserId]
"""The Slack user to mention for each PagerDuty user."""


class ChannelSync:
    """Writes the card and the lines of one pass in one channel."""

    def __init__(
        self,
        services: Services,
        message_sync: MessageSync,
        this: ReconcilePass,
        channel: ChannelId,
        mentions: Mentions,
    ) -> None:
        self._services = services
        self._message_sync = message_sync
        self._this = this
        self._channel = channel
        self._at_home = channel == this.home
        self._mentions = mentions if self._at_home else {}
        self._outage = ChannelOutage(services, this, channel)
        self._delay = DelayNotice(services, this, channel)

    @property
    def _card(self) -> MessageState:
        return self._this.card(self._channel)

    @property
    def _shown(self) -> bool:
        return self._this.slack_state.is_shown_in(self._channel)

    async def run(self) -> float | None:
        """
        Write what belongs into the channel, if it can be written to.

        Returns the seconds until a refused write may be retried, None if there is none. Raises `CallError`.
        """
        if not await self._outage.is_writable() or await self._outage.abandon_obsolete():
            return None
        before = self._card
        if not self._shown and before.ts is None and not before.uncertain:
            return None
        try:
            await self._sync_messages()
        except Refused as error:
            await self._delay.card_settled()
            return await self._outage.write_refused(error)
        await self._outage.write_succeeded(new=before.ts is None)
        return None

    async def _sync_messages(self) -> None:
        """Write the card and its lines: lines do not wait for an update of it, because Slack limits the two apart."""
        late: list[Unavailable] = []
        before = self._card
        try:
            await self._sync_card()
            await self._delay.card_shown(before)
        except (Unavailable, Uncertain) as error:
            if self._this.has_news(before):
                await self._delay.card_delayed()
            if isinstance(error, Uncertain):
                raise
            late.append(error)
        try:
            await self._sync_thread()
        except Unavailable as error:
            late.append(error)
        if late:
            raise min(late, key=retry_after)

    async def _sync_card(self) -> None:
        this, channel = self._this, self._channel
        # An update that only adds to a state already shown must not delay another incident's news.
        urgent = this.urgent and (this.has_news(self._card) or bool(this.incident.attempts))
        target = MessageTarget(channel, self._save_card, this.lease, urgent=urgent)
        message = await self._render_card(self._mentions)
        state = await self._message_sync.sync(message, await self._post_card(target), target)
        if state.ts is None and self._shown:
            if self._at_home:
                # The thread is lost with its card.
                await this.save(lambda slack_state: slack_state.thread_lost())
            await self._message_sync.sync(message, await self._post_card(target), target)
        if this.has_news(self._card):
            # The card does not show the newest state yet.
            await self._save_card(self._card)

    async def _save_card(self, state: MessageState) -> None:
        known = state.with_news(self._this.as_of_ms)
        mentioned = self._mentions if state.ts not in (None, self._card.ts) else ()
        await self._this.save(lambda slack_state: slack_state.with_card(self._channel, known, mentioned))

    async def _post_card(self, target: MessageTarget) -> MessageState:
        """Post a missing card so that it mentions only people not mentioned before; an update adds the others."""
        done = self._this.slack_state.mentioned & self._mentions.keys()
        if self._card.ts is not None or not done:
            return self._card
        fresh = {user: self._mentions[user] for user in self._mentions.keys() - done}
        return await self._message_sync.sync(await self._render_card(fresh), self._card, target, edit=False)

    async def _render_card(self, mentions: Mentions) -> Message:
        this = self._this
        if not self._shown:
            return render_withheld(this.incident.id, this.snapshot)
        elsewhere = None if self._at_home else this.home
        displaced = this.slack_state.displaced_from(self._channel)
        placement = CardPlacement(home=elsewhere, displaced=displaced, closed=displaced in this.slack_state.waiting)
        able = await self._services.account_cache.available_actions()
        return card.render(this.incident, this.snapshot, mentions, placement, able=able)

    async def _sync_thread(self) -> None:
        """Write the lines at home, one after the other in the order of their time, as soon as there is a card."""
        this = self._this
        if not self._at_home or self._card.ts is None or not self._shown:
            return
        entries = layout_thread(this.incident.lines, this.slack_state.lines.keys())
        quiet = {each.line.key for each in entries if not is_wanted(each.line, this.route.verbosity)}
        if quiet - this.slack_state.omitted_lines - this.slack_state.lines.keys():
            await this.save(lambda slack_state: slack_state.with_omitted(quiet))
        for entry in entries:
            if entry.line.key not in quiet and not this.slack_state.is_announced(entry.line):
                await self._sync_line(entry)

    async def _sync_line(self, entry: ThreadEntry) -> None:
        this, key = self._this, entry.line.key
        known = this.slack_state.lines.get(key, MessageState())
        if known.ts is not None and (not entry.sides or key in this.slack_state.outdated_lines):
            return

        async def save(state: MessageState) -> None:
            await this.save(lambda slack_state: slack_state.with_line(key, state))

        aloud = broadcast_kind(entry.line) in this.route.broadcast
        target = MessageTarget(
            self._channel, save, this.lease, thread=self._card.ts, broadcast=aloud, urgent=this.urgent
        )
        message = thread_line.render_line(this.incident.id, entry.line, entry.sides, entry.before)
        try:
            state = await self._message_sync.sync(message, known, target, edit=bool(entry.sides))
            if state.ts is None:
                await self._message_sync.sync(message, state, target, edit=False)
        except Refused as error:
            if error.code not in THREAD_GONE:
                raise
            await this.save(lambda slack_state: slack_state.without_card(self._channel))
            raise Unavailable("the card with the thread is gone, and has to be posted again") from error


def retry_after(error: CallError) -> float:
    """Return the seconds after which to retry; 0 if the error does not say."""
    return (error.retry_after or 0.0) if isinstance(error, Unavailable) else 0.0
