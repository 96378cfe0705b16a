"""
The incidents that a person may see in Slack, and the services and escalation policies that they are offered.

Everyone in a channel sees the incidents that it shows. Anything else is visible only to people who see it in PagerDuty:
a private team hides what is its own from non-members, and some roles see only their own (PagerDuty: "User Roles",
"Teams"). The bridge's API key sees everything and must not be a way around that. What PagerDuty does not say is not
allowed.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from bolt_app.open_incidents import OpenIncident
from shared.access.authorization import NotAllowed, unknown_teams
from shared.access.identity import Identity
from shared.config.bridge_config import LiveConfig
from shared.errors import BadCredentials, CallError, Malformed, NotFound, Refused
from shared.model.command import SlackActor
from shared.model.event import Snapshot, ids_of_teams
from shared.model.ids import ChannelId, IncidentId, TeamId
from shared.model.outcome import Declined
from shared.model.permissions import ADMINS, UNKNOWN_TEAMS, UNSEEN
from shared.model.slack_state import SlackState
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import OPEN_ROLES, EscalationPolicy, Service, User
from shared.pagerduty.models.incident import RestIncident
from shared.store.documents import Documents
from shared.vendor_calls import read_once

Thing = RestIncident | OpenIncident | Service | EscalationPolicy
"""An incident, a service or a policy, which teams own and private teams hide."""
T = TypeVar("T", bound=Thing)
NOUNS = {Service: "service", EscalationPolicy: "escalation policy"}


@dataclass(frozen=True)
class Visibility:
    """
    Decides by data that it reads for each decision.

    Without `slack_states`, for the one path that must do without a store, what a channel shows is not known.
    `unread` are the teams that could not be read the last time.
    """

    pagerduty: PagerDuty
    identity: Identity
    slack_states: Documents[SlackState] | None
    config: LiveConfig
    unread: set[TeamId] = field(default_factory=set)

    async def seen(self, user: User, things: Iterable[T], private: frozenset[TeamId] | None = None) -> list[T]:
        """
        Keep what PagerDuty shows a person, given the `private` ones of its teams. Raises `CallError`.

        Unless these are given, they are read, but for what the person sees whichever are private.
        """
        everywhere, judged = user.id in self.config.current.authorization.everywhere, []
        for thing in things:
            involved = everywhere
            if isinstance(thing, RestIncident | OpenIncident):
                involved = involved or user.id in thing.snapshot.assignee_ids
            if isinstance(thing, RestIncident):
                involved = involved or user.id in thing.responders
            judged.append((thing, team_ids(thing), involved))
        if private is None:
            unsure = [own for _, own, involved in judged if own and not (involved or own <= user.team_ids)]
            private = await self.hiding(team for teams in unsure for team in teams) if unsure else frozenset()
        return [thing for thing, teams, involved in judged if can_see(user, teams, private, involved=involved)]

    def seen_by_all(self, things: Iterable[T], private: frozenset[TeamId]) -> list[T]:
        """Keep what needs no membership, given the `private` teams: people without an account see it as well."""
        return [thing for thing in things if (teams := team_ids(thing)) is not None and not teams & private]

    async def require(self, user: User, thing: Thing, channel: ChannelId | None = None) -> None:
        """
        Raise `NotAllowed` if a person does not see something that they would change or use, nor `channel` shows it.

        Raises `CallError` if that cannot be known.
        """
        if await self.seen(user, [thing]):
            return
        if channel is not None and isinstance(thing, RestIncident) and await self._is_shown(thing, channel):
            return
        noun = NOUNS.get(type(thing), "incident")
        if team_ids(thing) is None:
            raise NotAllowed(UNKNOWN_TEAMS, unknown_teams(noun), "Use PagerDuty")
        if (team_ids(thing) or frozenset()) & self.unread:
            why = f"PagerDuty doesn't let this bridge read the team of this {noun}, so it is unknown whether you may."
            raise NotAllowed(UNKNOWN_TEAMS, why, f"Use PagerDuty and tell {self.identity.contact}")
        raise NotAllowed(UNSEEN, f"PagerDuty doesn't show you this {noun}.", "Ask a PagerDuty admin for access")

    async def is_visible(self, incident: RestIncident, by: SlackActor, channel: ChannelId) -> bool:
        """True if a person in `channel` may see it. Raises `Declined` if not shown there and unlinked, `CallError`."""
        if await self._is_shown(incident, channel):
            return True
        return bool(await self.seen((await self.identity.link(by)).user, [incident]))

    async def is_hidden(self, incident: RestIncident, by: SlackActor, channel: ChannelId) -> bool:
        """
        True if even the existence of an incident is hidden from a person.

        Reads as little as possible: an incident without a private team is not hidden. Raises `CallError` if that could
        not be read.
        """
        if not await self.is_private(incident.snapshot):
            return False
        try:
            return not await self.is_visible(incident, by, channel)
        except Declined:
            return True

    async def is_private(self, snapshot: Snapshot) -> bool:
        """True if an incident belongs to a private team, or may: PagerDuty does not say whose it is."""
        teams = ids_of_teams(snapshot.teams)
        return teams is None or bool(await self.private(teams))

    async def private(self, teams: Iterable[TeamId]) -> frozenset[TeamId]:
        """Return the private ones of `teams`; a team that our token cannot see counts as private."""
        distinct = sorted(set(teams))
        found = await asyncio.gather(*(self._is_private_team(team) for team in distinct))
        return frozenset(team for team, private in zip(distinct, found, strict=True) if private)

    async def hiding(self, teams: Iterable[TeamId]) -> frozenset[TeamId]:
        """Return the private ones of `teams`, and those that alone cannot be read: one must not cost the others."""
        distinct = sorted(set(teams))
        found = await asyncio.gather(*(self._is_private_team(team) for team in distinct), return_exceptions=True)
        for error in found:
            if isinstance(error, BadCredentials) or not isinstance(error, bool | Refused | Malformed):
                raise error
        return frozenset(team for team, private in zip(distinct, found, strict=True) if private is not False)

    async def _is_private_team(self, team: TeamId) -> bool:
        try:
            private = (await read_once(("team", team), partial(self.pagerduty.team, team))).private
        except NotFound:
            private = True
        except (CallError, Malformed):
            self.unread.add(team)
            raise
        self.unread.discard(team)
        return private

    async def is_shown_anywhere(self, incident: IncidentId) -> bool:
        """True if an incident is shown in any channel. Raises `StoreDown`."""
        return self.slack_states is not None and bool((await self.slack_states.load(incident)).value.channels)

    async def _is_shown(self, incident: RestIncident, channel: ChannelId) -> bool:
        """True if a channel shows an incident."""
        if self.slack_states is None:
            return False
        return (await self.slack_states.load(incident.id)).value.shows(team_ids(incident), channel)


def team_ids(thing: Thing) -> frozenset[TeamId] | None:
    """Return the teams that own something; None if PagerDuty does not say."""
    return ids_of_teams(thing.teams if isinstance(thing, Service | EscalationPolicy) else thing.snapshot.teams)


def can_see(user: User, teams: frozenset[TeamId] | None, private: frozenset[TeamId], *, involved: bool) -> bool:
    """
    True if PagerDuty shows `user` what belongs to `teams`, of which those in `private` hide theirs. Pure.

    `involved`: it is theirs by itself; they are assigned to an incident, or were asked to help.
    """
    if involved or user.role in ADMINS:
        return True
    if teams is None:
        return False
    hiding = private & teams
    if hiding or user.role not in OPEN_ROLES:
        return bool((hiding or teams) & user.team_ids)
    return True
