"""The calls that change PagerDuty, incidents in one person's name; a body has only what changes (OpenAPI)."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.model.event_types import Status
from shared.model.ids import IncidentId, UserId
from shared.pagerduty.api.transport import Read, Transport
from shared.pagerduty.models.fields import Body
from shared.pagerduty.models.incident import RestIncident, parse_incident
from shared.pagerduty.models.incident_parts import (
    Note,
    ResponderRequest,
    StatusUpdate,
    parse_note,
    parse_responder_request,
    parse_status_update,
)
from shared.pagerduty.models.webhook_subscription import Created, WebhookSubscription, parse_created, parse_subscription


@dataclass(frozen=True)
class NewIncident:
    """An incident to open on `service`, an id. `key` is its de-duplication key, `details` plain text."""

    service: str
    title: str
    urgency: str = "high"
    details: str = ""
    key: str = ""


class Writes(Transport):
    """The writes, in the name of the user `from_email`; one request each. An unreadable answer is `Uncertain`."""

    async def change_incident(
        self, name: str, incident: IncidentId, from_email: str, **changes: object
    ) -> Read[RestIncident]:
        """Set fields of an incident, as `PUT /incidents/{id}` takes them; `name` is the call's in logs and metrics."""
        path, body = ("incidents", incident), {"incident": {"type": "incident_reference", **changes}}
        return await self._call(name, parse_incident, "PUT", *path, body=body, from_email=from_email)

    async def set_status(
        self, incident: IncidentId, status: Status, from_email: str, resolution: str = ""
    ) -> Read[RestIncident]:
        """Bring an incident into `status`, a resolve with its `resolution` note. Beware: it reopens a resolved one."""
        solved = {"resolution": resolution} if resolution and status is Status.RESOLVED else {}
        return await self.change_incident("set_status", incident, from_email, status=status.value, **solved)

    async def reassign(
        self, incident: IncidentId, from_email: str, *, assignees: Sequence[UserId] = (), policy: str | None = None
    ) -> Read[RestIncident]:
        """Assign an incident to `policy`, from its first level, or to `assignees`: the escalation then stops."""
        if policy is None:
            return await self.change_incident("reassign", incident, from_email, assignments=_assignments(assignees))
        given = _reference("escalation_policy", policy)
        return await self.change_incident("reassign", incident, from_email, escalation_policy=given)

    async def escalate(self, incident: IncidentId, level: int, from_email: str) -> Read[RestIncident]:
        """Escalate to `level` of its policy, from 1. The answer does not tell the level: compare the assignees."""
        # Naming the policy as well would start it from its first level.
        return await self.change_incident("escalate", incident, from_email, escalation_level=level)

    async def set_priority(self, incident: IncidentId, priority: str, from_email: str) -> Read[RestIncident]:
        """Give an incident the priority with the id `priority`."""
        return await self.change_incident(
            "set_priority", incident, from_email, priority=_reference("priority", priority)
        )

    async def snooze(self, incident: IncidentId, seconds: int, from_email: str) -> Read[RestIncident]:
        """Extend the acknowledgement of an acknowledged incident to `seconds` from now, at most `LONGEST_SNOOZE`."""
        path, body = ("incidents", incident, "snooze"), {"duration": seconds}
        return await self._call("snooze", parse_incident, "POST", *path, body=body, from_email=from_email)

    async def merge(self, target: IncidentId, source: IncidentId, from_email: str) -> Read[None]:
        """Merge `source` into `target`, which must be open; the answer names it (OpenAPI: merge)."""
        body = {"source_incidents": [{"id": source, "type": "incident_reference"}]}
        path = ("incidents", target, "merge")
        return await self._call("merge", lambda *_: None, "PUT", *path, body=body, from_email=from_email)

    async def add_note(self, incident: IncidentId, content: str, from_email: str) -> Read[Note]:
        """Add a note of `LONGEST_NOTE` bytes at most, also to a resolved incident."""
        path, body = ("incidents", incident, "notes"), {"note": {"content": content}}
        return await self._call("add_note", parse_note, "POST", *path, body=body, from_email=from_email)

    async def request_responders(
        self, incident: IncidentId, requester: UserId, message: str, users: Sequence[UserId], from_email: str
    ) -> Read[ResponderRequest]:
        """
        Ask `users` to help.

        An account without the ability `coordinated_responding` is `Refused`. PagerDuty takes the `requester` from the
        body; `from_email` is theirs.
        """
        path, targets = ("incidents", incident, "responder_requests"), [_reference("user", user) for user in users]
        wrapped = [{"responder_request_target": target} for target in targets]
        body: Body = {"requester_id": requester, "message": message, "responder_request_targets": wrapped}
        return await self._call(
            "request_responders", parse_responder_request, "POST", *path, body=body, from_email=from_email
        )

    async def publish_status_update(self, incident: IncidentId, message: str, from_email: str) -> Read[StatusUpdate]:
        """Publish a status update to stakeholders."""
        path, body = ("incidents", incident, "status_updates"), {"message": message}
        return await self._call(
            "publish_status_update", parse_status_update, "POST", *path, body=body, from_email=from_email
        )

    async def create_incident(self, new: NewIncident, from_email: str) -> Read[RestIncident]:
        """
        Open an incident, which goes to whom the service's escalation policy names.

        `Refused` while an incident with the same key is open on that service. PagerDuty limits these more strictly.
        """
        body = _opened(new)
        return await self._call(
            "create_incident", parse_incident, "POST", "incidents", body=body, from_email=from_email
        )

    async def enable_subscription(self, subscription: str) -> WebhookSubscription:
        """Switch a subscription on again that PagerDuty has disabled. What was dropped meanwhile does not come."""
        path = ("webhook_subscriptions", subscription, "enable")
        return (await self._call("enable_subscription", parse_subscription, "POST", *path)).value

    async def ping_subscription(self, subscription: str) -> None:
        """Make PagerDuty send a `pagey.ping`; success means that it was sent, not that it arrived."""
        await self._tell("ping_subscription", "POST", "webhook_subscriptions", subscription, "ping")

    async def create_subscription(self, body: Body) -> Created:
        """Subscribe (`creation_request`). The answer alone has the secret. PagerDuty takes ten for each scope."""
        created = await self._call("create_subscription", parse_created, "POST", "webhook_subscriptions", body=body)
        return created.value

    async def change_subscription(self, subscription: str, body: Body) -> WebhookSubscription:
        """Change a subscription (`change_request`)."""
        path = ("webhook_subscriptions", subscription)
        return (await self._call("change_subscription", parse_subscription, "PUT", *path, body=body)).value

    async def delete_subscription(self, subscription: str) -> None:
        """End a subscription. What it was still to deliver is not sent any more."""
        await self._tell("delete_subscription", "DELETE", "webhook_subscriptions", subscription)


def _opened(new: NewIncident) -> Body:
    """Make the body of the `POST` that opens an incident."""
    incident: Body = {
        "type": "incident",
        "title": new.title,
        "service": _reference("service", new.service),
        "urgency": new.urgency,
    }
    if new.key:
        incident["incident_key"] = new.key
    if new.details:
        incident["body"] = {"type": "incident_body", "details": new.details}
    return {"incident": incident}


def _reference(kind: str, thing: str) -> dict[str, str]:
    """Refer to something by its id."""
    return {"id": thing, "type": f"{kind}_reference"}


def _assignments(assignees: Sequence[UserId]) -> list[dict[str, object]]:
    return [{"assignee": _reference("user", user)} for user in assignees]
