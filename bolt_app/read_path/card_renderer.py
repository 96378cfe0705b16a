"""Renders the cards of a pass: with what the account can do, what the route adds and, for a while, old values."""

from dataclasses import dataclass
from functools import partial

from bolt_app.account_cache import AccountCache
from bolt_app.read_path.reconcile_pass import ReconcilePass, SlackUsers
from shared.durations import Durations
from shared.model.card_content import CardContent
from shared.model.event import SECOND
from shared.model.message_state import MessageState
from shared.model.recent_changes import shown_until_ms
from shared.slack.render import card
from shared.slack.render.blocks import Message
from shared.slack.render.card import CardPlacement
from shared.store.channel_index import OpenIncidents
from shared.store.clock import StoreClock


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
