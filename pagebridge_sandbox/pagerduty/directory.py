"""The directory of an account: users, teams, escalation policies, services, priorities."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.responses import not_found

BASE_ROLES = frozenset(
    {
        "owner",
        "admin",
        "user",
        "limited_user",
        "observer",
        "restricted_access",
        "read_only_user",
        "read_only_limited_user",
    }
)
ABILITIES = frozenset({"teams", "read_only_users", "service_support_hours", "urgencies", "coordinated_responding"})
"""The abilities of an account, unless a test removes some."""
TEAM_ROLES = frozenset({"manager", "responder", "observer"})


@dataclass(frozen=True)
class User:
    """A user; `role` is the base role."""

    id: str
    name: str
    email: str
    role: str
    time_zone: str = "Etc/UTC"
    job_title: str | None = None


@dataclass
class Team:
    """A team; `members` are user ids with their role there. A `private` team hides its incidents from others."""

    id: str
    name: str
    private: bool = False
    members: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shift:
    """When a user is on call, by a schedule, whose id is shown if it is given."""

    user: str
    since: datetime
    until: datetime
    schedule: str = ""


@dataclass(frozen=True)
class EscalationPolicy:
    """
    An escalation policy; `levels` are the users of each level, the first one first.

    With `shifts`, these say who is on call at the first level and when; the users of that level are paged all the same.

    After `delay` minutes without an acknowledge the next level is paged; after the last one it begins anew, `loops`
    times. Without a delay nothing escalates by itself.
    """

    id: str
    name: str
    levels: tuple[tuple[str, ...], ...]
    teams: tuple[str, ...] = ()
    delay: int | None = None
    loops: int = 0
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Service:
    """
    A service; its incidents follow `policy`, and belong to `teams`. `integration` is its Events API key's id.

    After `acknowledgement_timeout` seconds an acknowledged incident is triggered again, after `auto_resolve_timeout`
    seconds an open one is resolved; None is never.
    """

    id: str
    name: str
    policy: str
    teams: tuple[str, ...]
    integration: str
    acknowledgement_timeout: int | None = None
    auto_resolve_timeout: int | None = None


@dataclass(frozen=True)
class Priority:
    """An incident priority; the account's first one is the highest."""

    id: str
    name: str
    description: str = ""


class HasId(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """PagerDuty's id."""


T = TypeVar("T", bound=HasId)


class Directory:
    """The users, teams, services and policies of an account. A look-up of an unknown id raises `ApiError` (404)."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.teams: dict[str, Team] = {}
        self.policies: dict[str, EscalationPolicy] = {}
        self.services: dict[str, Service] = {}
        self.priorities: dict[str, Priority] = {}
        self.incident_types = {"incident_default", "major_incident"}
        self.abilities = set(ABILITIES)
        self._names: dict[str, str] = {}

    def add_user(self, name: str, email: str, role: str, user_id: str | None) -> User:
        """Add a user. `ValueError` for a role that PagerDuty does not have."""
        _require_known_role(role, BASE_ROLES)
        return self.put_user(User(user_id or ids.object_id(), name, email, role))

    def change_user(self, user_id: str, **changes: str) -> User:
        """Change a user's name, e-mail, role, time zone or job title."""
        return self.put_user(replace(self.user(user_id), **changes))

    def put_user(self, user: User) -> User:
        """Store a user under their id."""
        _require_known_role(user.role, BASE_ROLES)
        self._names[user.id] = user.name
        self.users[user.id] = user
        return user

    def remove_user(self, user_id: str) -> None:
        """Delete a user, who leaves every team; what they did keeps their name."""
        del self.users[self.user(user_id).id]
        for team in self.teams.values():
            team.members.pop(user_id, None)

    def add_member(self, team_id: str, user_id: str, role: str) -> None:
        """Put a user on a team, or change their role there."""
        _require_known_role(role, TEAM_ROLES)
        self.team(team_id).members[self.user(user_id).id] = role

    def add_policy(
        self, name: str, levels: Iterable[Iterable[str]], teams: Iterable[str], policy_id: str | None
    ) -> EscalationPolicy:
        """Add an escalation policy. A level may be empty: no one is on call there."""
        users = tuple(tuple(self.user(user).id for user in level) for level in levels)
        policy = EscalationPolicy(
            policy_id or ids.object_id(), name, users, tuple(self.team(team).id for team in teams)
        )
        return self.put_policy(policy)

    def put_policy(self, policy: EscalationPolicy) -> EscalationPolicy:
        """Store an escalation policy under its id."""
        self.policies[policy.id] = policy
        return policy

    def add_service(self, name: str, policy_id: str, teams: Iterable[str], service_id: str | None) -> Service:
        """Add a service. Without teams of its own it has those of its escalation policy."""
        policy = self.policy(policy_id)
        own = tuple(self.team(team).id for team in teams)
        service = Service(service_id or ids.object_id(), name, policy.id, own or policy.teams, ids.object_id())
        return self.put_service(service)

    def put_service(self, service: Service) -> Service:
        """Store a service under its id."""
        self.services[service.id] = service
        return service

    def user(self, user_id: str) -> User:
        """Return a user."""
        return _get_or_not_found(self.users, user_id)

    def team(self, team_id: str) -> Team:
        """Return a team."""
        return _get_or_not_found(self.teams, team_id)

    def policy(self, policy_id: str) -> EscalationPolicy:
        """Return an escalation policy."""
        return _get_or_not_found(self.policies, policy_id)

    def service(self, service_id: str) -> Service:
        """Return a service."""
        return _get_or_not_found(self.services, service_id)

    def historical_user_name(self, user_id: str) -> str:
        """Return a person's name, also after they were deleted."""
        return self._names[user_id]

    def teams_of(self, user_id: str) -> list[Team]:
        """Return the teams that a user is on."""
        return [team for team in self.teams.values() if user_id in team.members]

    def user_by_email(self, email: str) -> User | None:
        """Return the user whose login is this address, ignoring case."""
        return next((user for user in self.users.values() if user.email.casefold() == email.casefold()), None)


def _get_or_not_found(things: Mapping[str, T], thing_id: str) -> T:
    if thing_id not in things:
        raise not_found()
    return things[thing_id]


def _require_known_role(role: str, roles: frozenset[str]) -> None:
    if role not in roles:
        raise ValueError(f"PagerDuty has no role {role!r}; it has {', '.join(sorted(roles))}")
