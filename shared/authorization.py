"""
Whether this person may do that to this incident.

One PagerDuty key can act on every team's incidents, and `From` only names a user, so permission is decided here, and
always on data read for this very click: role, team roles, assignees, responders, the escalation policy.
Sources of the role rules: PagerDuty's knowledge base on user roles, advanced permissions, teams and responders.
"""

import asyncio
from dataclasses import dataclass

from shared.bridge_config import AuthorizationConfig
from shared.errors import NotFound
from shared.model.event import Snapshot
from shared.model.ids import TeamId, UserId
from shared.model.outcome import Declined, Kind, Outcome
from shared.pagerduty.client import PagerDuty
from shared.pagerduty.rest import RestIncident, User

ADMINS = frozenset({"owner", "admin"})
RESPONDERS = frozenset({"user", "limited_user"})
RAISABLE = frozenset({"observer", "restricted_access"})
ACTING_TEAM_ROLES = frozenset({"responder", "manager"})


@dataclass(frozen=True)
class Facts:
    """What a decision rests on. `team_roles` has the person's role on each of the incident's teams they belong to."""

    user: UserId
    role: str
    assigned: bool
    responding: bool
    has_teams: bool
    team_roles: dict[TeamId, str]

    @property
    def acts_on_team(self) -> bool:
        """Tell whether a team role lets them act."""
        return any(role in ACTING_TEAM_ROLES for role in self.team_roles.values())


def role_allows(facts: Facts) -> bool:
    """
    Apply PagerDuty's own rules: the base role, raised or lowered by the team role.

    Stakeholders never act. Observers act where they are assigned, asked to respond, or have an acting team role. A team
    role of observer lowers anybody else but owners and admins.
    """
    if facts.role in ADMINS:
        return True
    if facts.role in RESPONDERS:
        lowered = "observer" in facts.team_roles.values() and not facts.acts_on_team
        return not lowered or facts.assigned or facts.responding
    return facts.role in RAISABLE and (facts.assigned or facts.responding or facts.acts_on_team)


def belongs(facts: Facts, config: AuthorizationConfig) -> bool:
    """Apply the rule of `mode = "team"`, as far as it can be told without the escalation policy."""
    if config.mode == "pagerduty" or facts.role in ADMINS or facts.user in config.everywhere:
        return True
    return not facts.has_teams or facts.assigned or facts.responding or facts.acts_on_team


class Authorization:
    """Decides for one person and one incident, reading from PagerDuty what the decision needs."""

    def __init__(self, config: AuthorizationConfig, pagerduty: PagerDuty) -> None:
        self.config = config
        self._pagerduty = pagerduty

    async def require(self, user: User, incident: RestIncident) -> None:
        """
        Let `user` pass, or raise `Declined` with who may act instead.

        Raises `CallError` when the teams cannot be read: then nobody knows, which is not the same as "no team".
        """
        facts = await self._facts(user, incident)
        if not role_allows(facts):
            raise _not_allowed(f"Your PagerDuty role does not let you act on this incident ({_role(facts)}).", incident)
        if not belongs(facts, self.config) and not await self._on_policy(facts.user, incident.snapshot):
            raise _not_allowed(f"This incident belongs to {_teams(incident)}, and you are not on that team.", incident)

    async def _facts(self, user: User, incident: RestIncident) -> Facts:
        teams = incident.snapshot.team_ids
        members = await asyncio.gather(*(self._pagerduty.team_members(team) for team in teams))
        user_id = UserId(user.id)
        roles = {team: roles[user_id] for team, roles in zip(teams, members, strict=True) if user_id in roles}
        assigned = user_id in incident.snapshot.assignee_ids
        return Facts(user_id, user.role, assigned, user_id in incident.responders, bool(teams), roles)

    async def _on_policy(self, user: UserId, snapshot: Snapshot) -> bool:
        """Tell whether the escalation policy names `user`, or has them on call now."""
        if snapshot.escalation_policy is None:
            return False
        policy = snapshot.escalation_policy.id
        try:
            named, on_call = await asyncio.gather(
                self._pagerduty.escalation_policy(policy), self._pagerduty.on_call(policy)
            )
        except NotFound:
            return False
        return user in named.targets or user in on_call


def _not_allowed(why: str, incident: RestIncident) -> Declined:
    who = ", ".join(ref.name for ref in incident.snapshot.assignees if ref.name)
    team = f"a responder or manager of {_teams(incident)}" if incident.snapshot.teams else "a responder of this account"
    step = f"Ask {who + ' (assigned now), ' if who else ''}{team}, or whoever is on call for it"
    return Declined(Outcome(Kind.NOT_ALLOWED, why=why, next_step=step))


def _teams(incident: RestIncident) -> str:
    return " and ".join(team.name or team.id for team in incident.snapshot.teams) or "no team"


def _role(facts: Facts) -> str:
    return (
        facts.role.replace("_", " ")
        if not facts.team_roles
        else f"{facts.role.replace('_', ' ')}, observer on its team"
    )
