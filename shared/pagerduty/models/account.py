"""Pure: people, teams, services, priorities, abilities, escalation policies and on-calls, in values; answers in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import PlainValidator, model_validator

from shared.model.event import Ref
from shared.model.ids import TeamId, UserId
from shared.pagerduty.models.fields import (
    Group,
    Id,
    Many,
    Number,
    OptionalMany,
    OptionalReference,
    OptionalText,
    OptionalTime,
    Reference,
    Text,
    Whole,
    as_object,
    as_objects,
    listing,
    named,
    optional_text,
    parser,
    text,
)

ROLE_NAMES = {
    "owner": "Account Owner",
    "admin": "Global Admin",
    "user": "Manager",
    "limited_user": "Responder",
    "observer": "Observer",
    "restricted_access": "Restricted Access",
    "read_only_user": "Stakeholder",
    "read_only_limited_user": "Limited Stakeholder",
}
"""PagerDuty's base roles by the names that its knowledge base on user roles uses."""
OPEN_ROLES = ROLE_NAMES.keys() - {"restricted_access", "read_only_limited_user"}
"""Roles that see what no private team hides. Others see what they have, were asked about, or a team of theirs owns."""
PUBLIC = "manager"
"""The `default_role` of a team that hides its incidents from no one (OpenAPI, teams)."""


def _is_deleted(at: object) -> bool:
    return at is not None


@dataclass(frozen=True)
class User:
    """A PagerDuty user; `role` is the base role. `kind` is PagerDuty's type: `user` for a person."""

    id: Annotated[UserId, PlainValidator(text)]
    name: OptionalText
    email: Text
    role: Text
    team_ids: Annotated[Group[Id[TeamId]], named("teams")] = frozenset()
    kind: Annotated[Text, named("type")] = field(kw_only=True)
    deleted: Annotated[bool, PlainValidator(_is_deleted), named("deleted_at")] = False


@dataclass(frozen=True)
class Team:
    """A PagerDuty team; a `private` one, or one of which it is not said, hides its incidents from non-members."""

    id: Annotated[TeamId, PlainValidator(text)]
    name: Text
    private: Annotated[bool, PlainValidator(lambda role: role != PUBLIC), named("default_role")] = True


@dataclass(frozen=True)
class Member:
    """A member of a team, and their role there: `manager`, `responder` or `observer`; empty if not said."""

    user: Id[UserId]
    role: OptionalText


parse_user = parser(User, "user")
parse_users = listing(User, "users")
parse_team = parser(Team, "team")
parse_teams = listing(Team, "teams")
parse_members = listing(Member, "members")


RESPONDERS = "coordinated_responding"
"""The ability without which responders cannot be requested (OpenAPI, responder requests)."""


@dataclass(frozen=True)
class Service:
    """A service, by which incidents are opened."""

    id: Text
    name: Text
    escalation_policy: OptionalReference
    teams: OptionalMany[Reference]


@dataclass(frozen=True)
class Priority:
    """A priority that incidents can have, as the account calls it."""

    id: Text
    name: Text
    description: OptionalText


parse_service = parser(Service, "service")
parse_services = listing(Service, "services")
parse_priorities = listing(Priority, "priorities")
parse_abilities = parser(frozenset[Text], "abilities")


PERSON_TYPES = frozenset({"user", "user_reference"})
"""PagerDuty's types for a person; there are users of other types, such as bots."""


@dataclass(frozen=True)
class EscalationLevel:
    """One level of an escalation policy: its people. With `round_robin` only one target is paged each time."""

    users: Many[Reference]
    round_robin: Annotated[
        bool, PlainValidator(lambda strategy: strategy == "round_robin"), named("escalation_rule_assignment_strategy")
    ] = False

    @model_validator(mode="before")
    @classmethod
    def _with_targets(cls, rule: object) -> object:
        """Pick the people; PagerDuty has them in one list with the schedules."""
        found = as_object(rule)
        targets = [one for one in as_objects(found.get("targets")) if not _is_deleted(one.get("deleted_at"))]
        return {**found, "users": [one for one in targets if optional_text(one.get("type")) in PERSON_TYPES]}


@dataclass(frozen=True)
class EscalationPolicy:
    """An escalation policy; the first of its `levels` is level 1."""

    id: Text
    name: Text
    levels: Annotated[Whole[EscalationLevel], named("escalation_rules")] = ()
    teams: OptionalMany[Reference] = None

    @property
    def targets(self) -> frozenset[UserId]:
        """The users that its levels name directly, not through a schedule."""
        return frozenset(UserId(user.id) for level in self.levels for user in level.users)


@dataclass(frozen=True)
class OnCall:
    """
    A person on call at a level. `since` and `until` are the ends of the shift; None if open-ended.

    `schedule` is None for a person whom the policy names itself.
    """

    level: Annotated[Number, named("escalation_level")]
    user: Reference
    policy: Annotated[Reference, named("escalation_policy")]
    until: Annotated[OptionalTime, named("end")]
    since: Annotated[OptionalTime, named("start")] = None
    schedule: OptionalReference = None
    deleted: Annotated[bool, PlainValidator(_is_deleted), named("user", "deleted_at")] = False


parse_escalation_policy = parser(EscalationPolicy, "escalation_policy")
parse_escalation_policies = listing(EscalationPolicy, "escalation_policies")


def on_call_at(entries: Iterable[OnCall], at_ms: int) -> dict[str, Ref]:
    """Return who is on call at a time, in milliseconds since 1970, each once, in the order of their names, by id."""
    users = [
        entry.user
        for entry in entries
        if (entry.since is None or entry.since.ms <= at_ms) and (entry.until is None or at_ms < entry.until.ms)
    ]
    return {user.id: user for user in sorted(users, key=lambda user: (user.name, user.id))}


parse_on_calls = listing(OnCall, "oncalls")
