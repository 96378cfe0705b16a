"""PagerDuty's users and teams in values: answers in. Pure."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import PlainValidator

from shared.model.ids import TeamId, UserId
from shared.pagerduty.models.fields import Group, Id, Text, named, parser, text

PRIVATE = "none"
"""The `default_role` of a private team, which hides its incidents from non-members."""


@dataclass(frozen=True)
class User:
    """A PagerDuty user; `role` is the base role. `kind` is PagerDuty's type: `user` for a person."""

    id: Annotated[UserId, PlainValidator(text)]
    name: Text
    email: Text
    role: Text
    team_ids: Annotated[Group[Id[TeamId]], named("teams")] = frozenset()
    kind: Annotated[Text, named("type")] = field(kw_only=True)
    deleted: Annotated[bool, PlainValidator(lambda when: when is not None), named("deleted_at")] = False


@dataclass(frozen=True)
class Team:
    """A PagerDuty team; a `private` one hides its incidents from non-members."""

    id: Annotated[TeamId, PlainValidator(text)]
    name: Text
    private: Annotated[bool, PlainValidator(lambda role: role == PRIVATE), named("default_role")] = False


@dataclass(frozen=True)
class _Member:
    user: Id[UserId]
    role: Text


parse_user = parser(User, "user")
parse_users = parser(tuple[User, ...], "users")
parse_team = parser(Team, "team")
parse_teams = parser(tuple[Team, ...], "teams")
_parse_members = parser(tuple[_Member, ...], "members")


def parse_members(answer: object) -> dict[UserId, str]:
    """Read one page of `{"members": [...]}`: each member's role on that team."""
    return {member.user: member.role for member in _parse_members(answer)}
