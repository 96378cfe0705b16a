"""
Pure: the bodies of writes, and the filters of incident lists.

A body contains only what changes. Sources: PagerDuty's OpenAPI description; limits as noted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.model.event import SECOND, Status
from shared.model.ids import TeamId, UserId

LONGEST_NOTE = 65_535
"""The length of a note, in bytes of UTF-8 (knowledge base, which speaks of single-byte characters)."""
LONGEST_SNOOZE = 7 * 24 * 3600
"""Seconds for which an incident can be snoozed (OpenAPI)."""

Body = dict[str, object]


@dataclass(frozen=True)
class NewIncident:
    """
    An incident to be opened on the service with the id `service`.

    `key` is its de-duplication key, `details` plain text. It is given to `policy` or to `assignee`, or else to the
    policy of the service.
    """

    service: str
    title: str
    urgency: str = "high"
    details: str = ""
    key: str = ""
    policy: str | None = None
    assignee: UserId | None = None
    priority: str | None = None


@dataclass(frozen=True)
class IncidentFilter:
    """
    Which incidents to read: those that fit each of these, where empty fits all.

    `since_ms` is a time of creation; with None they may be of any age.
    """

    statuses: Sequence[Status] = ()
    services: Sequence[str] = ()
    teams: Sequence[TeamId] = ()
    users: Sequence[UserId] = ()
    key: str = ""
    since_ms: int | None = None

    @property
    def params(self) -> dict[str, str | Sequence[str]]:
        """Write it as the parameters of the `GET`, which without a range would show the last month only."""
        wanted: dict[str, str | Sequence[str]] = {
            "statuses[]": [status.value for status in self.statuses],
            "service_ids[]": self.services,
            "team_ids[]": self.teams,
            "user_ids[]": self.users,
            "incident_key": self.key,
        }
        age = {"date_range": "all"} if self.since_ms is None else {"since": moment(self.since_ms)}
        return {name: value for name, value in wanted.items() if value} | age | {"sort_by": "created_at:asc"}


def moment(ms: int) -> str:
    """Write a time as PagerDuty reads it, cut to the second in which it lies."""
    return datetime.fromtimestamp(ms // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def status_request(status: Status, resolution: str = "") -> Body:
    """Make the body of the `PUT` that brings an incident into `status`; only a resolve may say what solved it."""
    resolved = {"resolution": resolution} if resolution and status is Status.RESOLVED else {}
    return _changed(status=status.value, **resolved)


def assignees_request(assignees: Sequence[UserId]) -> Body:
    """Make the body of the `PUT` that assigns an incident to users. Only they are notified; escalation stops."""
    return _changed(assignments=_assignments(assignees))


def policy_request(policy: str) -> Body:
    """Make the body of the `PUT` that gives an incident to an escalation policy, at its first level."""
    return _changed(escalation_policy=reference("escalation_policy", policy))


def level_request(level: int) -> Body:
    """Make the body of the `PUT` that escalates. Naming the policy as well would start it from its first level."""
    return _changed(escalation_level=level)


def priority_request(priority: str) -> Body:
    """Make the body of the `PUT` that gives an incident a priority."""
    return _changed(priority=reference("priority", priority))


def responders_request(requester: UserId, message: str, users: Sequence[UserId], policies: Sequence[str]) -> Body:
    """Return the body of the `POST` that asks users, and those on call for policies, to help."""
    targets = [reference("user", user) for user in users]
    targets += [reference("escalation_policy", policy) for policy in policies]
    wrapped = [{"responder_request_target": target} for target in targets]
    return {"requester_id": requester, "message": message, "responder_request_targets": wrapped}


def creation_request(new: NewIncident) -> Body:
    """Make the body of the `POST` that opens an incident."""
    incident: Body = {
        "type": "incident",
        "title": new.title,
        "service": reference("service", new.service),
        "urgency": new.urgency,
    }
    if new.key:
        incident["incident_key"] = new.key
    if new.details:
        incident["body"] = {"type": "incident_body", "details": new.details}
    if new.priority is not None:
        incident["priority"] = reference("priority", new.priority)
    return {"incident": incident | _assigned(new)}


def reference(kind: str, thing: str) -> dict[str, str]:
    """Refer to something by its id."""
    return {"id": thing, "type": f"{kind}_reference"}


def _assigned(new: NewIncident) -> Body:
    """Return the assignment; PagerDuty takes a policy or an assignee, not both."""
    if new.assignee is not None:
        return {"assignments": _assignments([new.assignee])}
    return {} if new.policy is None else {"escalation_policy": reference("escalation_policy", new.policy)}


def _assignments(assignees: Sequence[UserId]) -> list[dict[str, object]]:
    return [{"assignee": reference("user", user)} for user in assignees]


def _changed(**fields: object) -> Body:
    return {"incident": {"type": "incident_reference", **fields}}
