"""
The cards in people's own conversations with the app: for those who asked, of what is assigned to them.

Each is another placement of the incident's card, written under the same lease and by the same steps as those in
channels, after them. It is posted while the incident waits for its person, and from then on only updated.
"""

from dataclasses import dataclass, replace
from functools import partial

import structlog

from bolt_app.open_incidents import OpenIncident
from bolt_app.read_path.channel_sync import CardRenderer
from bolt_app.read_path.direct_summaries import DirectSummaries
from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.visibility import Visibility
from shared.access.identity import Identity
from shared.config.bridge_config import LiveConfig
from shared.errors import CallError, Malformed, Refused
from shared.model.direct_card import DirectCard, waits_for
from shared.model.event import ids_of_teams
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.message_state import MessageState
from shared.model.outcome import Declined
from shared.model.slack_state import SlackState
from shared.slack.api.errors import CHANNEL_CLOSED
from shared.slack.render.blocks import Message
from shared.slack.render.card import CardPlacement, render_withheld
from shared.store.coordination import SharedTokenBuckets
from shared.store.notify import Wishes

log = structlog.get_logger()

PACE, AT_ONCE = 60.0, 5
"""Seconds between two messages to a person, and how many may come at once; the others share one message."""


@dataclass(frozen=True)
class DirectCards:
    """Makes the cards of one incident in people's conversations equal to the projection."""

    wishes: Wishes
    summaries: DirectSummaries
    identity: Identity
    visibility: Visibility
    card_renderer: CardRenderer
    message_sync: MessageSync
    budgets: SharedTokenBuckets
    config: LiveConfig

    async def run(self, this: ReconcilePass) -> float | None:
        """Write every card; return the seconds until one is to be looked at again. Raises the first `CallError`."""
        await self._quieten(this)
        ignored = this.route.named and not this.route.channels
        waits: list[float] = []
        errors: list[CallError] = []
        if self.config.current.notify.enabled and not (ignored or this.silent):
            errors += await self._page(this)
        for conversation in this.slack_state.direct:
            try:
                waits.append(await self._sync(this, conversation))
            except CallError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return min(filter(None, waits), default=None)

    async def _quieten(self, this: ReconcilePass) -> None:
        """Mark the cards of people for whom the incident does not wait any more."""
        for conversation, card in this.slack_state.direct.items():
            if card.paged and not waits_for(this.snapshot, card.user):
                if card.summed:
                    await self.summaries.changed(conversation)
                await this.save(partial(SlackState.with_direct, conversation=conversation, card=card.quiet()))

    async def _page(self, this: ReconcilePass) -> list[CallError]:
        """Plan a card for each assignee who wants one and was not notified yet; return the errors."""
        errors: list[CallError] = []
        for user in sorted(filter(partial(waits_for, this.snapshot), this.snapshot.assignee_ids)):
            for person, wish in (await self.wishes.of(user)).items():
                known = this.slack_state.direct.get(wish.conversation)
                if not wish.covers(this.snapshot) or (known and (known.paged or known.gone)):
                    continue
                try:
                    await self._plan(this, user, person, wish.conversation)
                except CallError as error:
                    # A failed look-up of one person must not delay the messages of the others.
                    errors.append(error)
        return errors

    async def _plan(self, this: ReconcilePass, user: UserId, person: SlackUserId, conversation: ChannelId) -> None:
        """Plan a card, or a place in the summary if the person was notified of many just now. Raises `CallError`."""
        if not await self._is_still(person, user):
            return
        before = this.slack_state.direct.get(conversation)
        wait = await self.budgets.take([(f"direct:{conversation}", PACE, PACE * (AT_ONCE - 1))])
        if wait > 0:
            planned = replace(before or DirectCard(user, person), paged=True, summed=True, hidden=False, judged=None)
        else:
            planned = before.paged_again() if before else DirectCard(user, person, self._unposted(this))
        planned = replace(planned, user=user)
        await this.save(lambda kept: kept.with_direct(conversation, planned))

    async def _is_still(self, person: SlackUserId, user: UserId) -> bool:
        """True if a Slack user may be notified, and is still linked to that PagerDuty user."""
        try:
            linked = await self.identity.link(self.identity.own_member(person))
        except (Declined, Malformed) as error:
            log.warning("direct.not_linked", user=person, why=str(error))
            return False
        if linked.user.id != user:
            log.info("direct.linked_to_another", user=person)
            await self.wishes.drop(user, person)
        return linked.user.id == user

    def _unposted(self, this: ReconcilePass) -> MessageState:
        """Return the state of a first message; after a loss of data, one that makes `MessageSync` look for it."""
        lost = this.slack_state.anew_ms or this.slack_state.announced_until_ms
        return MessageState().post_begun(this.snapshot.created_ms or 0, 0) if lost else MessageState()

    async def _sync(self, this: ReconcilePass, conversation: ChannelId) -> float:
        """Write one card; return the seconds until it is to be looked at again, or 0. Raises `CallError`."""
        card = this.slack_state.direct[conversation]
        if card.summed:
            await self.summaries.add(conversation, this.incident.id)
        if card.gone or not (card.exists or card.posts):
            return 0.0
        card = await self._judged(this, conversation, card)
        try:
            state = await self._write(this, conversation, card)
        except Refused as error:
            log.error("direct.refused", incident=this.incident.id, user=card.person, why=str(error), code=error.code)
            if error.code not in CHANNEL_CLOSED:
                # The app lacks a token or a scope, which an operator fixes.
                return self.message_sync.durations.channel_retry
            # Their conversation takes no posts: PagerDuty and the channels still show the incident.
            state = MessageState()
        if state.is_gone and (card.posts or card.message.ts is not None):
            await this.save(lambda kept: kept.with_direct(conversation, replace(card, message=state, gone=True)))
        return await self.message_sync.doubled(state)

    async def _write(self, this: ReconcilePass, conversation: ChannelId, card: DirectCard) -> MessageState:
        """Post or update a card; return what is known of it then. Raises `CallError`."""
        message = await self._render(this, card)
        changes = card.exists and message.digest != card.message.content_digest
        if changes and not (card.hidden or await self._is_still(card.person, card.user)):
            # Their link has ended, or they are a guest by now: they may not see the new content.
            card = replace(card, hidden=True)
            message = await self._render(this, card)
        target: MessageTarget[SlackState] = MessageTarget(
            conversation,
            lambda state: lambda kept: kept.with_direct(conversation, replace(card, message=state)),
            this.save,
            this.note,
            this.lease,
            urgent=this.is_urgent(card.message),
            posts=card.posts,
            since_ms=this.snapshot.created_ms or 0,
        )
        return await self.message_sync.sync_once(message, card.message, target)

    async def _judged(self, this: ReconcilePass, conversation: ChannelId, card: DirectCard) -> DirectCard:
        """Decide if a person may see an incident that is no longer theirs, once for its teams. Raises `CallError`."""
        teams = ids_of_teams(this.snapshot.teams)
        if card.user in this.snapshot.assignee_ids:
            now = replace(card, hidden=False, judged=None)
        elif card.judged is not None and card.judged == teams:
            return card
        else:
            now = replace(card, hidden=not await self._may_see(this, card.person), judged=teams)
        if now != card:
            await this.note(lambda kept: kept.with_direct(conversation, now))
        return now

    async def _may_see(self, this: ReconcilePass, person: SlackUserId) -> bool:
        try:
            user = (await self.identity.link(self.identity.own_member(person))).user
        except (Declined, Malformed):
            return False
        return bool(await self.visibility.seen(user, [OpenIncident(this.incident.id, this.snapshot)]))

    async def _render(self, this: ReconcilePass, card: DirectCard) -> Message:
        if card.hidden:
            return render_withheld(this.incident.id, this.snapshot)
        home = next(filter(this.slack_state.is_shown_in, this.slack_state.channels), None)
        content = this.route.card_in(home or ChannelId(""))
        return await self.card_renderer.render(this, card.message, {}, CardPlacement(home=home), content)
