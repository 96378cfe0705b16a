"""
Whether this person may do that to this incident.

One PagerDuty key can act on every team's incidents, and `From` only names a user, so permission is decided here, and
always on data read for this very click: role, team roles, assignees, responders, the escalation policy. PagerDuty's own
role rules come first, then the rule that `bridge.toml` has for the action.

Sources of the role rules: PagerDuty's knowledge base on user roles, advanced permissions, teams and responders. Where
its texts disagree, the stricter one holds.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from shared.config.people_config import AuthorizationConfig
from shared.errors import NotFound
from shared.model.actions import Action
from shared.model.event import Ref
from shared.model.ids import TeamId, UserId
from shared.model.outcome import Declined, Kind, Outcome
from shared.model.permissions import ADMINS, GROUNDS, RAISABLE, RESPONDERS, ROLES, UNKNOWN_TEAMS, Ground, Rule
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import ROLE_NAMES, Service, User
from shared.pagerduty.models.incident import RestIncident
from shared.vendor_calls import read_once

ACTING_TEAM_ROLES = frozenset({"responder", "manager"})


class Standing(StrEnum):
    """How a person stands on the teams of an incident or a service."""

    NONE = "none"
    """They belong to none of them."""
    ACTS = "acts"
    WATCHES = "watches"
    """They are an observer, on all of them that they belong to."""
    UNKNOWN = "unknown"
    """They may be an observer there, and are no member."""


@dataclass(frozen=True)
class Facts:
    """
    The facts of a decision: one person and one incident, or the service of a new incident.

    `standing` is the person's on its teams. `on_policy` is true if its escalation policy names them or has them on call
    now; `everywhere`, if the configuration lists them.
    """

    user: UserId
    role: str
    has_teams: bool
    standing: Standing = Standing.NONE
    assigned: bool = False
    responding: bool = False
    on_policy: bool = False
    everywhere: bool = False


class NotAllowed(Declined):
    """Raised if a person may not act. `rule` names the rule that refused, for the audit."""

    def __init__(self, rule: str, why: str, next_step: str) -> None:
        super().__init__(Outcome(Kind.NOT_ALLOWED, why=why, next_step=next_step))
        self.rule = rule


@dataclass(frozen=True)
class AuthorizationSubject:
    """The object of the action: an incident, or the service of a new incident."""

    noun: str
    teams: tuple[Ref, ...] | None
    policy: Ref | None
    assignees: tuple[Ref, ...] = ()
    responders: frozenset[UserId] = frozenset()


class Authorization:
    """Decides for one person, one action and one incident, reading from PagerDuty what the decision needs."""

    def __init__(self, config: AuthorizationConfig, pagerduty: PagerDuty) -> None:
        self.config = config
        self._pagerduty = pagerduty

    async def require(self, user: User, thing: RestIncident | Service, action: Action) -> str:
        """
        Return the rule that lets `user` act on an incident, or open one on a service.

        A service decides by its teams and policy alone. Raises `NotAllowed` with who may, and `CallError` if it depends
        on teams that cannot be read; those that PagerDuty does not say are not "none".
        """
        if isinstance(thing, Service):
            matter = AuthorizationSubject("service", thing.teams, thing.escalation_policy)
        else:
            now, asked = thing.snapshot, thing.responders
            matter = AuthorizationSubject("incident", now.teams, now.escalation_policy, now.assignees, asked)
        rule = self.config.rules[action]
        facts = Facts(
            user.id,
            user.role,
            has_teams=matter.teams != (),
            standing=Standing.UNKNOWN,
            assigned=any(ref.id == user.id for ref in matter.assignees),
            responding=user.id in matter.responders,
            everywhere=user.id in self.config.everywhere,
        )
        # A person who may act by their account role alone does not wait for the teams, nor fail if they can't be read.
        found = ground(facts, rule) if role_allows(facts, action) else None
        if found is not None:
            return f"{rule}: {found}"
        if matter.teams is None:
            raise NotAllowed(UNKNOWN_TEAMS, unknown_teams(matter.noun), _next_step(matter, rule))
        ids = [TeamId(team.id) for team in matter.teams]
        members = await asyncio.gather(
            *(read_once(("members", team), partial(self._pagerduty.team_members, team)) for team in ids)
        )
        stands = standing([read.value[user.id] for read in members if user.id in read.value])
        for read in members if stands is not Standing.ACTS else ():
            if user.id not in read.value:
                # The memberships that can't be read may include their own, which may allow or forbid this.
                read.require_whole()
        return await self._by_teams(replace(facts, standing=stands), matter, action)

    def require_role(self, user: User, action: Action) -> None:
        """Raise `NotAllowed` if the person's role allows the action nowhere, also with any role on a team."""
        best = Facts(user.id, user.role, has_teams=True, standing=Standing.ACTS, assigned=True, responding=True)
        if not role_allows(best, action):
            why = f"Your PagerDuty role ({ROLE_NAMES.get(user.role, user.role)}) doesn't allow this."
            raise NotAllowed(ROLES, why, "Ask a responder, or a PagerDuty admin for another role")

    async def _by_teams(self, facts: Facts, matter: AuthorizationSubject, action: Action) -> str:
        rule = self.config.rules[action]
        if not role_allows(facts, action):
            there = ", observer on its team" if facts.standing is Standing.WATCHES else ""
            role = f"{ROLE_NAMES.get(facts.role, facts.role)}{there}"
            why = f"Your PagerDuty role ({role}) doesn't allow this on the {matter.noun}."
            raise NotAllowed(ROLES, why, _next_step(matter, rule))
        found = ground(facts, rule) or await self._by_policy(facts, matter, rule)
        if found is None:
            raise NotAllowed(rule, _refusal_reason(matter, rule), _next_step(matter, rule))
        return f"{rule}: {found}"

    async def _by_policy(self, facts: Facts, matter: AuthorizationSubject, rule: Rule) -> Ground | None:
        """Decide once more, now that it matters, with whom the escalation policy names or has on call now."""
        if Ground.POLICY not in GROUNDS[rule] or matter.policy is None:
            return None
        try:
            named, on_call = await asyncio.gather(
                self._pagerduty.escalation_policy(matter.policy.id), self._pagerduty.on_call(matter.policy.id)
            )
        except NotFound:
            return None
        on_policy = facts.user in named.targets or facts.user in on_call
        return ground(replace(facts, on_policy=on_policy), rule)


def unknown_teams(noun: str) -> str:
    """Return the reason for refusing what depends on teams that PagerDuty does not name."""
    return f"PagerDuty doesn't say which teams this {noun} belongs to, so it is unknown whether you may see or do this."


def _refusal_reason(matter: AuthorizationSubject, rule: Rule) -> str:
    teams = " and ".join(team.name or team.id for team in matter.teams or ()) or "no team"
    strict = ", and only its members may do this here" if rule is Rule.MEMBERS else ", and you are not on that team"
    return f"This {matter.noun} belongs to {teams}{strict}."


def _next_step(matter: AuthorizationSubject, rule: Rule) -> str:
    """Name who may act instead, as far as `rule` lets them."""
    assigned = [f"{ref.name} (assigned now)" for ref in matter.assignees if ref.name]
    team = " or ".join(team.name or team.id for team in matter.teams or ())
    responder = f"any {team} responder or manager" if team else "any responder of this account"
    if rule is Rule.MEMBERS:
        return f"Ask {' or '.join(filter(None, (', '.join(assigned), responder)))}"
    return f"Ask {', '.join([*assigned, responder])}, or whoever is on call for it"


def standing(team_roles: Collection[str]) -> Standing:
    """Return how a person stands on the teams on which they have `team_roles`."""
    if not team_roles:
        return Standing.NONE
    return Standing.ACTS if ACTING_TEAM_ROLES.intersection(team_roles) else Standing.WATCHES


def role_allows(facts: Facts, action: Action) -> bool:
    """
    Apply PagerDuty's own rules: the base role, raised or lowered by the team role.

    Stakeholders and unknown roles never act. Observers act where they are assigned, asked to respond, or have an acting
    team role; they publish a status update only where assigned, and open incidents only on services of a team on which
    they act. A team role of observer lowers all but owners and admins, who may then still do these two.
    """
    if facts.role in ADMINS:
        return True
    if facts.role in RESPONDERS:
        lowered = facts.standing in {Standing.WATCHES, Standing.UNKNOWN}
        if lowered and action not in {Action.STATUS_UPDATE, Action.TRIGGER}:
            return facts.assigned or facts.responding
        return True
    if facts.role not in RAISABLE:
        return False
    if action is Action.STATUS_UPDATE:
        return facts.assigned
    return facts.standing is Standing.ACTS or (action is not Action.TRIGGER and (facts.assigned or facts.responding))


def ground(facts: Facts, rule: Rule) -> Ground | None:
    """Return the ground on which `rule` allows a person whom the role rules allow; None if it does not."""
    holds = {
        Ground.ADMIN: facts.role in ADMINS,
        Ground.EVERYWHERE: facts.everywhere,
        Ground.NO_TEAM: not facts.has_teams,
        Ground.ASSIGNEE: facts.assigned,
        Ground.MEMBER: facts.standing is Standing.ACTS,
        Ground.RESPONDER: facts.responding,
        Ground.POLICY: facts.on_policy,
        Ground.ROLE: True,
    }
    return next((found for found in GROUNDS[rule] if holds[found]), None)
