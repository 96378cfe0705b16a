"""
Which incidents a person may see in Slack.

Everyone in a channel sees what it shows. Any other incident is visible only to people who see it in PagerDuty: a
private team hides its incidents from non-members, and some roles see only their own (PagerDuty: "User Roles",
"Teams"). The bridge's API key sees everything and must not be a way around that.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from shared.access.identity import Identity
from shared.config.bridge_config import LiveConfig
from shared.errors import NotFound
from shared.model.command import SlackActor
from shared.model.ids import ChannelId, IncidentId, TeamId
from shared.model.outcome import Declined
from shared.model.permissions import ADMINS
from shared.model.slack_state import SlackState
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import CONFINED_ROLES, User
from shared.pagerduty.models.incident import RestIncident
from shared.store.documents import Documents


@dataclass(frozen=True)
class Visibility:
    """Decides by data that it reads for each decision."""

    pagerduty: PagerDuty
    identity: Identity
    slack_states: Documents[SlackState]
    config: LiveConfig

    async def is_shown(self, incident: IncidentId, channel: ChannelId) -> bool:
        """True if a channel shows an incident."""
        return (await self.slack_states.load(incident)).value.is_shown_in(channel)

    async def is_visible(self, incident: RestIncident, by: SlackActor, channel: ChannelId) -> bool:
        """True if a person in `channel` may see it. Raises `Declined` if not shown there and unlinked, `CallError`."""
        if await self.is_shown(incident.id, channel):
            return True
        user = (await self.identity.link(by)).user
        private = await self.private(incident.snapshot.team_ids)
        involved = user.id in incident.snapshot.assignee_ids | incident.responders
        return self.can_see(user, incident.snapshot.team_ids, private, involved=involved)

    async def is_hidden(self, incident: RestIncident, by: SlackActor, channel: ChannelId) -> bool:
        """
        True if even the existence of an incident is hidden from a person.

        Reads as little as possible: an incident without a private team is not hidden. Raises `CallError` if that could
        not be read.
        """
        if not await self.private(incident.snapshot.team_ids):
            return False
        try:
            return not await self.is_visible(incident, by, channel)
        except Declined:
            return True

    def can_see(
        self, user: User, teams: Iterable[TeamId], private: frozenset[TeamId], *, involved: bool = False
    ) -> bool:
        """True if a person sees what belongs to `teams`; those allowed everywhere see everything."""
        everywhere = user.id in self.config.current.authorization.everywhere
        return can_see(user, frozenset(teams), private, involved=involved or everywhere)

    async def private(self, teams: Iterable[TeamId]) -> frozenset[TeamId]:
        """Return the private ones of `teams`; a team that our token cannot see counts as private."""
        distinct = sorted(set(teams))
        found = await asyncio.gather(*(self._is_private(team) for team in distinct))
        return frozenset(team for team, private in zip(distinct, found, strict=True) if private)

    async def _is_private(self, team: TeamId) -> bool:
        try:
            return (await self.pagerduty.team(team)).private
        except NotFound:
            return True


def can_see(user: User, teams: frozenset[TeamId], private: frozenset[TeamId], *, involved: bool) -> bool:
    """
    True if PagerDuty shows `user` an incident of `teams`, of which those in `private` hide theirs. Pure.

    `involved`: they are assigned to it, or were asked to help.
    """
    if involved or user.role in ADMINS:
        return True
    hiding = private & teams
    if hiding or user.role in CONFINED_ROLES:
        return bool((hiding or teams) & user.team_ids)
    return True
