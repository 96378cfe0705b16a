"""What happened in PagerDuty: events, whichever of the three ways they reached us, and the snapshots they carry."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from shared.model.ids import CommandId, EventId, IncidentId, TeamId, UserId

SECOND = 1000
"""Milliseconds in a second; every time in the model is in milliseconds since 1970, UTC."""


class Status(StrEnum):
    """The three states of an incident, in PagerDuty's words."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Source(StrEnum):
    """The ways in which one and the same change can reach us. A timeline line has one slot for each."""

    WEBHOOK = "webhook"
    ANSWER = "answer"
    """PagerDuty's answer to a call of our own."""
    READ = "read"
    """A `GET` of the incident: carries state, announces nothing."""
    LOG = "log"
    """A log entry."""


@dataclass(frozen=True)
class Instant:
    """
    A time in PagerDuty's own data, with the precision in which it was given.

    Webhooks give milliseconds, REST whole seconds, so an instant is really the span from `ms` to `ms + span`.
    """

    ms: int
    span: int = 1

    @property
    def end(self) -> int:
        """The last millisecond that it may be."""
        return self.ms + self.span - 1

    def surely_before(self, other: "Instant") -> bool:
        """Tell whether this instant ended before the other began; False when they overlap."""
        return self.ms + self.span <= other.ms


@dataclass(frozen=True)
class Ref:
    """A reference to a user, a service, a team, a policy or a priority, with the name PagerDuty shows for it."""

    id: str
    name: str = ""
    url: str = ""


@dataclass(frozen=True)
class Agent:
    """Who or what caused an event. `kind` is PagerDuty's reference type, such as `user_reference`."""

    id: str
    name: str = ""
    kind: str = "user_reference"

    @property
    def is_user(self) -> bool:
        """Tell a person from an integration or a service."""
        return self.kind in {"user_reference", "user"}


@dataclass(frozen=True)
class Snapshot:
    """
    An incident as PagerDuty gave it at one instant: the fields that both a webhook and a REST read carry.

    Two snapshots are equal exactly when they would be shown alike, which is how a tie between sources is recognised.
    """

    status: Status
    title: str
    number: int | None
    url: str
    urgency: str
    service: Ref | None
    priority: Ref | None
    assignees: tuple[Ref, ...]
    teams: tuple[Ref, ...]
    escalation_policy: Ref | None
    created_ms: int | None = None

    @cached_property
    def facts(self) -> tuple[object, ...]:
        """What the sources must agree on; names and links may be spelled differently by each."""
        service, priority, policy = (
            ref.id if ref else None for ref in (self.service, self.priority, self.escalation_policy)
        )
        assignees = frozenset(ref.id for ref in self.assignees)
        teams = frozenset(ref.id for ref in self.teams)
        return (self.status, self.title, self.urgency, service, priority, assignees, teams, policy)

    @property
    def team_ids(self) -> tuple[TeamId, ...]:
        """The teams that the incident belongs to."""
        return tuple(TeamId(team.id) for team in self.teams)

    @property
    def assignee_ids(self) -> frozenset[UserId]:
        """The users that the incident is assigned to now; empty once it is resolved."""
        return frozenset(UserId(ref.id) for ref in self.assignees)


@dataclass(frozen=True)
class StatusChange:
    """Who last changed an incident's status, and when: REST's `last_status_change_by` and `_at`."""

    by: Agent | None
    at: Instant


@dataclass(frozen=True)
class Note:
    """A note as an event carries it; `content` may have been cut by PagerDuty."""

    id: str
    content: str


@dataclass(frozen=True)
class Event:
    """
    One thing that happened to one incident, as one source told it.

    `at` is PagerDuty's time, never ours. `snapshot` is the incident right after the change, where the source gives it.
    `command` is set on the answer to a call of our own. `proven` says that this answer proves the change to be ours.
    """

    id: EventId
    type: str
    incident: IncidentId
    source: Source
    at: Instant
    agent: Agent | None = None
    snapshot: Snapshot | None = None
    note: Note | None = None
    command: CommandId | None = None
    proven: bool = False
    client: str = ""


TRIGGERED = "incident.triggered"
ACKNOWLEDGED = "incident.acknowledged"
UNACKNOWLEDGED = "incident.unacknowledged"
RESOLVED = "incident.resolved"
REOPENED = "incident.reopened"

TRANSITIONS = {
    TRIGGERED: Status.TRIGGERED,
    ACKNOWLEDGED: Status.ACKNOWLEDGED,
    UNACKNOWLEDGED: Status.TRIGGERED,
    RESOLVED: Status.RESOLVED,
    REOPENED: Status.TRIGGERED,
}
"""The event types that have a timeline line, and the status that each leads to."""
