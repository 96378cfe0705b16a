"""
The Home tab of the app: read and published for one person at a time.

It is asked for through a queue of people, so that what was read last is published last, and a burst costs one call:
when a person comes to it or has acted there, and for half an hour from then on when something on it has changed, and
every few minutes besides. It says when it was read.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from bolt_app.account_cache import AccountCache
from bolt_app.open_incidents import OpenIncident, OpenIncidentReader
from bolt_app.queries.home_view import HomeIncident, HomeList, HomeParts, home_view, plain_home
from bolt_app.queries.list_incidents import OPEN, assigned_to
from bolt_app.queries.notify import Notify
from bolt_app.queries.on_call import OnCallQuery
from bolt_app.queries.router import linked_text, not_linked_text, read_or_explain
from bolt_app.visibility import Visibility
from shared.access.identity import Identity, Linked
from shared.durations import Durations
from shared.errors import CallError, Unavailable, Uncertain
from shared.model.actions import Action
from shared.model.event import SECOND, ids_of_teams
from shared.model.ids import IncidentId, SlackUserId
from shared.model.incident import Incident, is_behind
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
from shared.store.open_homes import FOLLOWED, OpenHomes

log = structlog.get_logger()

NO_TEAM = "You aren't in any PagerDuty team."
WAITED_FOR = 15.0
"""Seconds after a visit in which the person is assumed to wait for the tab; later reads have less priority."""
UNREAD_AGAIN = 60.0
"""Seconds after which a tab is read again of which a part could not be read."""


@dataclass(frozen=True)
class ReadHome:
    """
    A person's tab, and the ids that it depends on: of incidents, teams and people in PagerDuty.

    `whole` is false if a part of it could not be read. `linked` is false for a person without a PagerDuty user:
    their tab does not change by itself.
    """

    view: Block
    ids: frozenset[str] = frozenset()
    whole: bool = True
    linked: bool = True


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
    notify: Notify
    clock: StoreClock
    open_homes: OpenHomes
    command: str
    durations: Durations

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """
        Publish the tab of the person who stands in the place of an incident, if it is followed.

        Returns the seconds until it is to be read again, None for never. Raises `StoreDown`, `FencedOff`.
        """
        user = SlackUserId(incident)
        left = await self.open_homes.left(user)
        asked = left > FOLLOWED - WAITED_FOR
        go_in(Lane.READ if asked else Lane.UPKEEP, user)
        again = await self._show(user, left, lease, asked=asked) if left else None
        if again is None:
            await self.open_homes.leave(user)
        return again

    async def _show(self, user: SlackUserId, left: float, lease: Lease, *, asked: bool) -> float | None:
        read = await self._read(user, left)
        again = min(left, self.durations.home_look if read.whole else UNREAD_AGAIN) if read.linked else None
        if not (read.whole or asked):
            # The published tab stays: it is complete, and shows when it was updated.
            return again
        await self.open_homes.shows(user, read.ids)
        await lease.check(self.durations.slack_timeout)
        try:
            await self.slack.publish_view(user, read.view)
        except CallError as error:
            # A view whose publishing is uncertain may still land, and must not overwrite a newer one.
            again = None
            if isinstance(error, Unavailable):
                again = error.retry_after or UNREAD_AGAIN
            elif isinstance(error, Uncertain):
                again = self.durations.call_max
            log.warning("home.not_published", user=user, why=str(error), again=again)
        return again

    async def _read(self, user: SlackUserId, left: float) -> ReadHome:
        now_ms, contact = self.clock.estimate_ms(), self.identity.contact
        found = await read_or_explain("home", self._linked(user), contact)
        if isinstance(found, Declined):
            return ReadHome(plain_home(not_linked_text(user, found), now_ms), linked=False)
        if isinstance(found, str):
            return ReadHome(plain_home(found, now_ms), whole=False)
        person = found.user
        mine, teams, on_call = await asyncio.gather(
            read_or_explain("home", self._mine(person), contact),
            read_or_explain("home", self._teams(person), contact),
            read_or_explain("home", self._on_call(person), contact),
        )
        level = await self.notify.level(found) if self.notify.config.current.notify.enabled else None
        parts = HomeParts(linked_text(found), mine, teams, on_call, level)
        shown = [one.id for part in (mine, teams) if isinstance(part, HomeList) for one in part.incidents]
        ids = frozenset({person.id, *person.team_ids, *shown})
        view = home_view(parts, now_ms, self.command, now_ms + int(left) * SECOND)
        return ReadHome(view, ids, whole=not any(isinstance(part, str) for part in (mine, teams, on_call)))

    async def _linked(self, user: SlackUserId) -> Linked | Declined:
        """Return their PagerDuty user, or why they have none. Raises `CallError`, `Malformed`."""
        try:
            return await self.identity.link(self.identity.own_member(user))
        except Declined as declined:
            return declined

    async def _mine(self, user: User) -> HomeList:
        found = await self._with_next_step(await assigned_to(self.pagerduty, user, OPEN))
        return HomeList([one for one in found if user.id in one.incident.snapshot.assignee_ids])

    async def _teams(self, user: User) -> HomeList:
        """Read what is open in their teams, but for what is their own and what they do not see."""
        if not user.team_ids:
            return HomeList(rest=NO_TEAM)
        known = await self.open_reader.all()
        theirs = [
            one
            for one in known.incidents
            if (ids_of_teams(one.snapshot.teams) or frozenset()) & user.team_ids
            and user.id not in one.snapshot.assignee_ids
        ]
        return HomeList(await self._with_next_step(await self.visibility.seen(user, theirs)), known.rest)

    async def _with_next_step(self, found: Iterable[OpenIncident]) -> Sequence[HomeIncident]:
        """Add what the cards say of what comes next, where there is a card, and what can be done."""
        every, able = list(found), await self.account_cache.available_actions.get()
        cards = [read.value for read in await asyncio.gather(*(self.incidents.load(one.id) for one in every))]
        return [_home_incident(_newest(one, card), card, able) for one, card in zip(every, cards, strict=True)]

    async def _on_call(self, user: User) -> Sequence[str]:
        return await self.on_call.told(await self.on_call.reader.policies_of(user.id), user)


def _newest(read: OpenIncident, card: Incident) -> OpenIncident:
    """Return the incident as PagerDuty's list shows it, or as the card does if that is newer: a list may lag."""
    behind = read.updated is not None and is_behind(card, read.updated)
    return replace(read, snapshot=card.snapshot) if card.snapshot is not None and behind else read


def _home_incident(shown: OpenIncident, card: Incident, able: frozenset[Action]) -> HomeIncident:
    ahead = next_step_text(card, shown.snapshot)
    return HomeIncident(shown, ahead, bool(ahead and present_snooze(card.lines)), able)
