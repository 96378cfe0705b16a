"""Webhook events: what is told to subscribers about a change."""

import json
from dataclasses import dataclass
from datetime import datetime

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.clock import in_milliseconds, in_seconds
from pagebridge_sandbox.pagerduty.incident_parts import Bridge, Note, Responder, StatusUpdate
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident
from pagebridge_sandbox.pagerduty.references import References
from pagebridge_sandbox.pagerduty.responses import Json


@dataclass(frozen=True)
class Event:
    """An event as it is sent, byte for byte. `incident` is empty for a ping; the rest is what filters look at."""

    id: str
    type: str
    at: datetime
    body: bytes
    incident: str = ""
    service: str = ""
    teams: tuple[str, ...] = ()


class Events:
    """Makes V3 webhook events in the shapes of real deliveries."""

    def __init__(self, references: References) -> None:
        self._refer = references

    def changed(self, change: str, incident: Incident, actor: Actor, at: datetime) -> Event:
        """Make the event of a change, with the incident as it is now."""
        return self._event(f"incident.{change}", incident, actor, at, self._snapshot(incident))

    def annotated(self, incident: Incident, note: Note, actor: Actor) -> Event:
        """Make the event of a note."""
        data = {
            "incident": self._refer.webhook_incident(incident),
            "id": note.id,
            "content": note.content,
            "trimmed": False,
            "type": "incident_note",
        }
        return self._event("incident.annotated", incident, actor, note.at, data)

    def responder(self, change: str, incident: Incident, responder: Responder, actor: Actor, at: datetime) -> Event:
        """Make the event of somebody asked to help, or of what they answered."""
        data = {
            "incident": self._refer.webhook_incident(incident),
            "user": self._refer.user(responder.user),
            "escalation_policy": self._refer.policy(responder.policy) if responder.policy else None,
            "message": responder.request.message,
            "state": "accepted" if responder.state == "joined" else responder.state,
            "type": "incident_responder",
        }
        return self._event(f"incident.responder.{change}", incident, actor, at, data)

    def status_update(self, incident: Incident, update: StatusUpdate, actor: Actor) -> Event:
        """Make the event of a status update."""
        data = {
            "incident": self._refer.webhook_incident(incident),
            "id": update.id,
            "message": update.message,
            "trimmed": False,
            "type": "incident_status_update",
        }
        return self._event("incident.status_update_published", incident, actor, update.at, data)

    def bridge_updated(self, incident: Incident, bridge: Bridge, actor: Actor, at: datetime) -> Event:
        """Make the event of a new conference bridge."""
        data = {
            "incident": self._refer.webhook_incident(incident),
            "conference_numbers": [{"label": "", "number": bridge.number}] if bridge.number else [],
            "conference_url": bridge.url,
            "type": "incident_conference_bridge",
        }
        return self._event("incident.conference_bridge.updated", incident, actor, at, data)

    @staticmethod
    def ping(at: datetime, user: str | None) -> Event:
        """Make a ping. Its agent is nobody, or somebody without a name."""
        agent = {"id": user, "type": "user_reference"} if user else None
        data = {"message": "Hello from your friend Pagey!", "type": "ping"}
        event = _envelope("pagey.ping", "pagey", at) | {"agent": agent, "client": None, "data": data}
        return Event(event["id"], "pagey.ping", at, _encoded(event))

    def _event(self, event_type: str, incident: Incident, actor: Actor, at: datetime, data: Json) -> Event:
        agent = self._agent(actor, incident)
        event = _envelope(event_type, "incident", at) | {"agent": agent, "client": actor.client, "data": data}
        return Event(event["id"], event_type, at, _encoded(event), incident.id, incident.service, incident.teams)

    def _agent(self, actor: Actor, incident: Incident) -> Json | None:
        if actor.kind == "person":
            return self._refer.user(actor.id)
        if actor.kind == "integration":
            return self._refer.integration(self._refer.directory.service(incident.service))
        return None

    def _snapshot(self, incident: Incident) -> Json:
        refer = self._refer
        itself = refer.webhook_incident(incident)
        return {
            "id": incident.id,
            "type": "incident",
            "self": itself["self"],
            "html_url": itself["html_url"],
            "number": incident.number,
            "status": incident.status.value,
            "incident_key": incident.key,
            "created_at": in_seconds(incident.created),
            "reopened_at": in_seconds(incident.reopened) if incident.reopened else None,
            "title": incident.title,
            "service": refer.webhook_service(incident.service),
            "assignees": [refer.user(user) for user in incident.assignees],
            "escalation_policy": refer.policy(incident.policy),
            "teams": [refer.team(team) for team in incident.teams],
            "priority": refer.priority(incident.priority),
            "urgency": incident.urgency,
            "conference_bridge": refer.bridge(incident),
            "resolve_reason": refer.resolve_reason(incident, refer.webhook_incident),
            "incident_type": {"name": incident.kind},
        }


def _envelope(event_type: str, resource: str, at: datetime) -> Json:
    return {
        "id": ids.event_id(at),
        "event_type": event_type,
        "resource_type": resource,
        "occurred_at": in_milliseconds(at),
    }


def _encoded(event: Json) -> bytes:
    return json.dumps({"event": event}, separators=(",", ":"), ensure_ascii=False).encode()
