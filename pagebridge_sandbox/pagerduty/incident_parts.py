"""The parts of an incident beside its own fields: notes, alerts, responders, status updates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ResponderState = Literal["pending", "joined", "declined", "user_cancelled"]
"""States as the REST API has them; webhooks say `accepted` for `joined`."""


@dataclass(frozen=True)
class UserTimestamp:
    """That a user was assigned or has acknowledged, and when."""

    user: str
    at: datetime


@dataclass(frozen=True)
class Note:
    """A note on an incident."""

    id: str
    user: str | None
    content: str
    at: datetime
    edited: datetime | None = None


@dataclass(frozen=True)
class AlertReport:
    """
    The report of monitoring besides the title: the affected `source`, pages (`href`, `text`), and `details`.

    `client` is its own `name` and `url`.
    """

    source: str = ""
    links: Sequence[dict[str, str]] = ()
    details: dict[str, object] | str | None = None
    severity: str = "critical"
    client: dict[str, str] | None = None


@dataclass(frozen=True)
class Alert:
    """An alert that monitoring reported. `log_entry` is the line of the log with which it began."""

    id: str
    key: str
    title: str
    service: str
    integration: str
    created: datetime
    log_entry: str
    report: AlertReport = field(default_factory=AlertReport)
    resolved: datetime | None = None

    @property
    def status(self) -> Literal["triggered", "resolved"]:
        """Whether it goes on."""
        return "resolved" if self.resolved else "triggered"


@dataclass(frozen=True)
class StatusUpdate:
    """A status update for stakeholders."""

    id: str
    user: str
    message: str
    at: datetime
    subject: str | None = None
    html_message: str | None = None


@dataclass(frozen=True)
class ResponderTarget:
    """The target of a request for help: a `user`, or the people on call for an `escalation_policy`."""

    kind: Literal["user", "escalation_policy"]
    id: str


@dataclass(frozen=True)
class ResponderRequest:
    """A request of a person that others help."""

    id: str
    requester: str
    message: str
    at: datetime
    targets: tuple[ResponderTarget, ...]


@dataclass(frozen=True)
class Responder:
    """A person who was asked to help, by which request, through which escalation policy; `reply` is in their words."""

    user: str
    request: ResponderRequest
    updated: datetime
    policy: str | None = None
    state: ResponderState = "pending"
    reply: str = ""


@dataclass(frozen=True)
class ConferenceBridge:
    """Where people talk about an incident."""

    number: str | None
    url: str | None


@dataclass(frozen=True)
class IncidentRef:
    """The fields of a reference to an incident."""

    id: str
    number: int
    title: str
