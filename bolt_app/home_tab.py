"""
The Home tab of the app: read and published for one person at a time.

Asked for by a queue of people, whoever opens it or has done something there, so that what was read last is published
last, and a burst costs one call. Nothing publishes it by itself: it says when it was read, and has a button.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from bolt_app.account_cache import AccountCache
from bolt_app.open_incidents import OpenIncident, OpenIncidentReader
from bolt_app.queries.home_view import HomeIncident, HomeParts, home_view, plain_home
from bolt_app.queries.list_incidents import OPEN, assigned_to
from bolt_app.queries.on_call import OnCallQuery
from bolt_app.queries.router import linked_text, not_linked_text, read_or_explain
from bolt_app.visibility import Visibility
from shared.access.identity import Identity, Linked
from shared.errors import CallError, Unavailable
from shared.model.event import ids_of_teams
from shared.model.ids import IncidentId, SlackUserId
from shared.model.outcome import Declined
from shared.model.thread_layout import present_snooze
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.lanes import Lane, go_in
from shared.pagerduty.models.account import User
from shared.slack.api.client import Slack
from shared.slack.render.blocks import Block
from shared.slack.render.card import next_step_text
from shared.store.clock import StoreClock
from shared.store.coordination import Lease
from shared.store.incidents import Incidents

log = structlog.get_logger()


@dataclass(frozen=True)
class HomeTab:
    """Reads what one person is shown, by the rules of the commands that show the same, and publishes it."""

    slack: Slack
    pagerduty: PagerDuty
    identity: Identity
    incidents: Incidents
    open_reader: OpenIncidentReader
    visibility: Visibility
    account_cache: AccountCache
    on_call: OnCallQuery
    clock: StoreClock
    command: str
    slack_timeout: float

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Publish the tab of the person who stands in the place of an incident; return when to try again, if at all."""
        user = SlackUserId(incident)
        go_in(Lane.READ, user)
        view = await self._view(user)
        await lease.check(self.slack_timeout)
        try:
            await self.slack.publish_view(user, view)
        except CallError as error:
            # Unless Slack says when, it is not tried again: what the person sees has its time on it, and Refresh.
            again = error.retry_after if isinstance(error, Unavailable) else None
            log.warning("home.not_published", user=user, why=str(error), again=again)
            return again
        return None

    async def _view(self, user: SlackUserId) -> Block:
        found = await read_or_explain("home", self._linked(user), self.identity.contact)
        if isinstance(found, str):
            return plain_home(found, self.clock.estimate_ms())
        contact, person = self.identity.contact, found.user
        mine, teams, on_call = await asyncio.gather(
            read_or_explain("home", self._mine(person), contact),
            read_or_explain("home", self._teams(person), contact),
            read_or_explain("home", self._on_call(person), contact),
        )
        parts = HomeParts(linked_text(found), mine, teams, on_call)
        return home_view(parts, self.clock.estimate_ms(), self.command)

    async def _linked(self, user: SlackUserId) -> Linked | str:
        """Return their PagerDuty user, or in words why they have none. Raises `CallError`."""
        try:
            return await self.identity.link(self.identity.own_member(user))
        except Declined as declined:
            return not_linked_text(user, declined)

    async def _mine(self, user: User) -> Sequence[HomeIncident]:
        return await self._with_next_step(await assigned_to(self.pagerduty, user, OPEN))

    async def _teams(self, user: User) -> Sequence[HomeIncident]:
        """Read what is open in their teams, but for what is their own and what they do not see."""
        known = (await self.open_reader.all()).incidents
        theirs = [
            one
            for one in known
            if (ids_of_teams(one.snapshot.teams) or frozenset()) & user.team_ids
            and user.id not in one.snapshot.assignee_ids
        ]
        return await self._with_next_step(await self.visibility.seen(user, theirs))

    async def _with_next_step(self, found: Iterable[OpenIncident]) -> Sequence[HomeIncident]:
        """Add what the cards say of what comes next, where there is a card, and what can be done."""
        every, able = list(found), await self.account_cache.available_actions.get()
        known = [read.value for read in await asyncio.gather(*(self.incidents.load(one.id) for one in every))]
        return [
            HomeIncident(
                one, ahead := next_step_text(card, one.snapshot), bool(ahead and present_snooze(card.lines)), able
            )
            for one, card in zip(every, known, strict=True)
        ]

    async def _on_call(self, user: User) -> Sequence[str]:
        return await self.on_call.told(await self.on_call.reader.policies_of(user.id), user)
