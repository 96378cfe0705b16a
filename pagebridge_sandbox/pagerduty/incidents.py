"""Incidents as the simulated PagerDuty keeps them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pagebridge_sandbox.pagerduty.directory import Service, User
from pagebridge_sandbox.pagerduty.incident_parts import (
    Alert,
    ConferenceBridge,
    IncidentRef,
    Note,
    Responder,
    ResponderRequest,
    StatusUpdate,
    UserTimestamp,
)
from pagebridge_sandbox.pagerduty.responses import Json


class Status(StrEnum):
    """The states of an incident."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Actor:
    """The author of a change. `channel` is the way, as in log entries; `client` is that of the Events API."""

    kind: Literal["person", "integration", "automation"]
    id: str = ""
    channel: str = "website"
    client: Json | None = None

    @classmethod
    def person(cls, user: User) -> "Actor":
        """Make a person. Log entries do not tell the interface from the REST API, so no one may rely on that."""
        return cls("person", user.id)

    @classmethod
    def integration(cls, service: Service, client: Json | None = None) -> "Actor":
        """Make monitoring, which uses the Events API."""
        return cls("integration", service.integration, "api", client)

    @classmethod
    def automation(cls) -> "Actor":
        """Make PagerDuty itself: a timer, a rule."""
        return cls("automation", channel="timeout")


@dataclass(frozen=True)
class LogEntry:
    """One line of an incident's log. `kind` is PagerDuty's type without `_log_entry`; `details` are its own fields."""

    id: str
    kind: str
    at: datetime
    actor: Actor
    incident: str
    details: Json


@dataclass
class Incident:
    """
    An incident. `levels` is its escalation policy as it was when the incident took it.

    `pending` is what will happen by itself and when: `unacknowledge`, `escalate`, `resolve`. `opened_manually` is for
    those opened in PagerDuty's own interface. `loops` counts how often escalation has begun anew.
    """

    id: str
    number: int
    title: str
    service: str
    policy: str
    levels: tuple[tuple[str, ...], ...]
    teams: tuple[str, ...]
    urgency: str
    key: str
    created: datetime
    updated: datetime
    status_changed: datetime
    status_changed_by: Actor
    status: Status = Status.TRIGGERED
    level: int = 1
    priority: str | None = None
    assigned_via: str = "escalation_policy"
    assignments: list[UserTimestamp] = field(default_factory=list)
    acknowledgements: list[UserTimestamp] = field(default_factory=list)
    resolved: datetime | None = None
    reopened: datetime | None = None
    details: str | None = None
    notes: list[Note] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)
    incident_type: str = "incident_default"
    opened_manually: bool = False
    bridge: ConferenceBridge | None = None
    merged_into: IncidentRef | None = None
    alerts: list[Alert] = field(default_factory=list)
    responders: list[Responder] = field(default_factory=list)
    requests: list[ResponderRequest] = field(default_factory=list)
    status_updates: list[StatusUpdate] = field(default_factory=list)
    pending_actions: dict[str, datetime] = field(default_factory=dict)
    loops: int = 0

    @property
    def reference(self) -> IncidentRef:
        """The fields of a reference to it."""
        return IncidentRef(self.id, self.number, self.title)

    @property
    def involved_users(self) -> list[str]:
        """The ids of the users who may act on it from any team: the assignees and the responders."""
        helping = [each.user for each in self.responders if each.state in ("pending", "joined")]
        return [*self.assignees, *helping]

    @property
    def is_mergeable(self) -> bool:
        """Whether it can be merged: it has alerts, or was opened by hand (OpenAPI, merge)."""
        return bool(self.alerts) or self.opened_manually

    @property
    def assignees(self) -> list[str]:
        """The ids of the assigned users."""
        return [stamp.user for stamp in self.assignments]

    def assign(self, users: list[str], at: datetime) -> None:
        """Assign the incident; who was assigned before stays so since then."""
        before = {stamp.user: stamp for stamp in self.assignments}
        self.assignments = [before.get(user, UserTimestamp(user, at)) for user in users]

    def set_acknowledger(self, user: str, at: datetime) -> None:
        """Note who has acknowledged."""
        self.acknowledgements = [UserTimestamp(user, at)]

    def set_status(self, status: Status, actor: Actor, at: datetime) -> None:
        """Change the status, and what changes with it in any case."""
        self.status, self.status_changed, self.status_changed_by = status, at, actor
        self.resolved = at if status is Status.RESOLVED else None
        self.acknowledgements = []
        if status is Status.RESOLVED:
            self.assignments, self.pending_actions = [], {}
            self.alerts = [replace(alert, resolved=alert.resolved or at) for alert in self.alerts]


@dataclass(frozen=True)
class IncidentView:
    """How an incident stands, for tests to look at. People are given by their ids, the priority by its name."""

    id: str
    number: int
    status: str
    title: str
    urgency: str
    priority: str | None
    assignees: list[str]
    acknowledgers: list[str]
    last_status_change_by: str | None
    escalation_level: int
    escalation_policy: str
    assigned_via: str
    service: str
    teams: list[str]
    notes: list[str]
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    incident_type: str
    conference_bridge: ConferenceBridge | None
    responders: dict[str, str]
    status_updates: list[str]
    pending_actions: dict[str, datetime]
    merged_into: str | None
