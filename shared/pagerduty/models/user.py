"""PagerDuty's users and teams in values: answers in. Pure."""

from dataclasses import dataclass

from shared.model.ids import TeamId, UserId
from shared.pagerduty.models.fields import Fields, members, text, user_id

PRIVATE = "none"
"""The `default_role` of a private team, which hides its incidents from non-members."""


@dataclass(frozen=True)
class User:
    """A PagerDuty user; `role` is the base role. `kind` is PagerDuty's type: `user` for a person."""

    id: UserId
    name: str
    email: str
    role: str
    team_ids: frozenset[TeamId] = frozenset()
    kind: str = "user"
    deleted: bool = False


@dataclass(frozen=True)
class Team:
    """A PagerDuty team; a `private` one hides its incidents from non-members."""

    id: TeamId
    name: str
    private: bool


def parse_user(answer: object) -> User:
    """Read `{"user": {...}}`."""
    return _user(Fields.of(Fields.of(answer).get("user")))


def parse_users(answer: object) -> tuple[User, ...]:
    """Read one page of `{"users": [...]}`."""
    return tuple(_user(user) for user in members(Fields.of(answer).get("users")))


def parse_team(answer: object) -> Team:
    """Read `{"team": {...}}`."""
    return _team(Fields.of(Fields.of(answer).get("team")))


def parse_teams(answer: object) -> tuple[Team, ...]:
    """Read one page of `{"teams": [...]}`."""
    return tuple(_team(team) for team in members(Fields.of(answer).get("teams")))


def parse_members(answer: object) -> dict[UserId, str]:
    """Read one page of `{"members": [...]}`: each member's role on that team."""
    entries = members(Fields.of(answer).get("members"))
    return {user_id(entry.get("user")): text(entry.get("role")) for entry in entries}


def _user(user: Fields) -> User:
    return User(
        id=UserId(text(user.get("id"))),
        name=text(user.get("name")),
        email=text(user.get("email")),
        role=text(user.get("role")),
        team_ids=frozenset(TeamId(text(team.get("id"))) for team in user.members("teams")),
        kind=text(user.get("type")),
        deleted=user.get("deleted_at") is not None,
    )


def _team(team: Fields) -> Team:
    private = team.optional_text("default_role") == PRIVATE
    return Team(TeamId(text(team.get("id"))), text(team.get("name")), private=private)
