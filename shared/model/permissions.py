"""The names of what decides who may act: PagerDuty's roles, the rules of `bridge.toml`, and the grounds of each."""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.ids import UserId

ADMINS = frozenset({"owner", "admin"})
RESPONDERS = frozenset({"user", "limited_user"})
RAISABLE = frozenset({"observer", "restricted_access"})


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
