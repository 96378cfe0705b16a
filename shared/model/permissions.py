"""
The permission tables: PagerDuty's own role rules first, then the rule that `bridge.toml` has for the action.

Sources of the role rules: PagerDuty's knowledge base on user roles, advanced permissions, teams and responders. Where
its texts disagree, the stricter one holds.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from shared.model.actions import Action
from shared.model.ids import UserId

ADMINS = frozenset({"owner", "admin"})
RESPONDERS = frozenset({"user", "limited_user"})
RAISABLE = frozenset({"observer", "restricted_access"})
ACTING_TEAM_ROLES = frozenset({"responder", "manager"})


class Rule(StrEnum):
    """Whom an action is open to. All of them are among those whom PagerDuty's own role rules let act."""

    LINKED = "linked"
    """Any linked person: PagerDuty's role rules alone decide."""
    TEAM = "team"
    """The incident's people: its teams, assignees and responders, and its escalation policy."""
    MEMBERS = "members"
    """Members of its teams and its assignees; not responders, nor people only on its policy."""


class Ground(StrEnum):
    """Why a rule allows a person to act. The value names it in the audit."""

    ADMIN = "admin"
    EVERYWHERE = "everywhere"
    NO_TEAM = "no_team"
    """There is no team that they could be of: the role rules decide."""
    ASSIGNEE = "assignee"
    MEMBER = "member"
    RESPONDER = "responder"
    POLICY = "policy"
    ROLE = "role"


_ANY_TEAM = (Ground.ADMIN, Ground.EVERYWHERE, Ground.NO_TEAM, Ground.ASSIGNEE, Ground.MEMBER)
GROUNDS: dict[Rule, tuple[Ground, ...]] = {
    Rule.LINKED: (Ground.ADMIN, Ground.ROLE),
    Rule.TEAM: (*_ANY_TEAM, Ground.RESPONDER, Ground.POLICY),
    Rule.MEMBERS: _ANY_TEAM,
}
"""The grounds of each rule, in the order in which they are named."""
ROLES = "roles"
"""Names PagerDuty's role rules in the audit, when they are what refused."""
UNSEEN, UNKNOWN_TEAMS = "unseen", "unknown_teams"
"""Name in the audit that a person may not see what they would change, or that PagerDuty does not say whose it is."""
VERDICTS = frozenset(
    {
        ROLES,
        UNSEEN,
        UNKNOWN_TEAMS,
        *Rule,
        *(f"{rule}: {ground}" for rule, grounds in GROUNDS.items() for ground in grounds),
    }
)
"""Every name of a decision: `<rule>: <ground>` allowed it; a rule alone, or a name without one, refused it."""


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


@dataclass(frozen=True)
class Warrant:
    """
    As which PagerDuty user and by which rule a command is carried out, and what PagerDuty answered, for the audit.

    `mapped` says how the person was recognised, `rule` what allowed or refused it. `answer` is the kind of PagerDuty's
    last answer to a write, `uncertain` from before the call; empty if nothing was sent.
    """

    user: UserId | None = None
    mapped: str = ""
    rule: str = ""
    answer: str = ""
