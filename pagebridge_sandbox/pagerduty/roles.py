"""The rights that a user's base role and team roles give."""

from collections.abc import Iterable
from http import HTTPStatus

from pagebridge_sandbox.pagerduty.directory import Directory, Team, User
from pagebridge_sandbox.pagerduty.responses import ACCESS_DENIED, REQUESTER_NOT_AUTHORIZED, ApiError

ADMIN_ROLES = frozenset({"owner", "admin"})
RESPONDER_ROLES = frozenset({"user", "limited_user"})
STAKEHOLDER_ROLES = frozenset({"read_only_user", "read_only_limited_user"})
ACTING_TEAM_ROLES = frozenset({"manager", "responder"})


def require_may_act(directory: Directory, user: User, teams: Iterable[str], assignees: Iterable[str] = ()) -> None:
    """
    Refuse what PagerDuty's rules do not let a user do with an incident of these teams.

    Owners and admins may do anything, stakeholders nothing. Who is assigned may act. Who is not on a private team has
    no access to its incidents. A role on one of the teams replaces the base role there.
    """
    assigned = user.id in assignees
    if user.role in ADMIN_ROLES:
        return
    if user.role in STAKEHOLDER_ROLES:
        raise _not_authorized()
    concerned = [directory.team(team) for team in teams]
    if not assigned and any(team.private and user.id not in team.members for team in concerned):
        raise ApiError(ACCESS_DENIED, "Access Denied", status=HTTPStatus.FORBIDDEN)
    if not assigned and not _has_acting_role(user, concerned):
        raise _not_authorized()


def _has_acting_role(user: User, teams: list[Team]) -> bool:
    roles = [team.members[user.id] for team in teams if user.id in team.members]
    return any(role in ACTING_TEAM_ROLES for role in roles) if roles else user.role in RESPONDER_ROLES


def _not_authorized() -> ApiError:
    message = "Requester Not Authorized To Perform Action"
    return ApiError(REQUESTER_NOT_AUTHORIZED, message, status=HTTPStatus.FORBIDDEN)
