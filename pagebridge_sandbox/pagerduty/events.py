"""Webhook events: what is told to subscribers about a change."""

import json
from dataclasses import dataclass
from datetime import datetime

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.clock import rest_timestamp, webhook_timestamp
from pagebridge_sandbox.pagerduty.incident_parts import ConferenceBridge, Note, Responder, StatusUpdate
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident
from pagebridge_sandbox.pagerduty.options import Options
from pagebridge_sandbox.pagerduty.references import References
from pagebridge_sandbox.pagerduty.responses import Json, without_teams


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


class EventFactory:
    """Makes V3 webhook events in the shapes of real deliveries."""

    def __init__(self, references: References, options: Options) -> None:
        self._references = references
        self._options = options

    def incident_changed(self, change: str, incident: Incident, actor: Actor, at: datetime) -> Event:
        """Make the event of a change, with the incident as it is now."""
        return self._event(f"incident.{change}", incident, actor, at, self._incident_data(incident))

    def note_added(self, incident: Incident, note: Note, actor: Actor) -> Event:
        """Make the event of a note."""
        data = {
            "incident": self._references.webhook_incident(incident),
            "id": note.id,
            "content": note.content,
            "trimmed": False,
            "type": "incident_note",
        }
        return self._event("incident.annotated", incident, actor, note.at, data)

    def responder_changed(
        self, change: str, incident: Incident, responder: Responder, actor: Actor, at: datetime
    ) -> Event:
        """Make the event of a person asked to help, or of what they answered."""
        data = {
            "incident": self._references.webhook_incident(incident),
            "user": self._references.user(responder.user),
            "escalation_policy": self._references.policy(responder.policy) if responder.policy else None,
            "message": responder.request.message if change == "added" else responder.reply,
            "state": "accepted" if responder.state == "joined" else responder.state,
            "type": "incident_responder",
        }
        return self._event(f"incident.responder.{change}", incident, actor, at, data)

    def status_update_published(self, incident: Incident, update: StatusUpdate, actor: Actor) -> Event:
        """Make the event of a status update."""
        data = {
            "incident": self._references.webhook_incident(incident),
            "id": update.id,
            "message": update.message,
            "trimmed": False,
            "type": "incident_status_update",
        }
        return self._event("incident.status_update_published", incident, actor, update.at, data)

    def conference_bridge_updated(
        self, incident: Incident, bridge: ConferenceBridge, actor: Actor, at: datetime
    ) -> Event:
        """Make the event of a new conference bridge."""
        data = {
            "incident": self._references.webhook_incident(incident),
            "conference_numbers": [{"label": "", "number": bridge.number}] if bridge.number else None,
            "conference_url": bridge.url,
            "type": "incident_conference_bridge",
        }
        return self._event("incident.conference_bridge.updated", incident, actor, at, data)

    @staticmethod
    def ping(at: datetime, user: str | None) -> Event:
        """Make a ping. Its agent is no one, or a person without a name."""
        agent = {"id": user, "type": "user_reference"} if user else None
        data = {"message": "Hello from your friend Pagey!", "type": "ping"}
        event = _envelope("pagey.ping", "pagey", at) | {"agent": agent, "client": None, "data": data}
        return Event(event["id"], "pagey.ping", at, _encode(event))

    def _event(self, event_type: str, incident: Incident, actor: Actor, at: datetime, data: Json) -> Event:
        agent = self._agent(actor, incident)
        data = data if self._options.teams_in_webhooks else without_teams(data)
        event = _envelope(event_type, "incident", at) | {"agent": agent, "client": actor.client, "data": data}
        return Event(event["id"], event_type, at, _encode(event), incident.id, incident.service, incident.teams)

    def _agent(self, actor: Actor, incident: Incident) -> Json | None:
        if actor.kind == "person":
            return self._references.user(actor.id)
        if actor.kind == "integration":
            return self._references.integration(self._references.directory.service(incident.service))
        return None

    def _incident_data(self, incident: Incident) -> Json:
        refer = self._references
        itself = refer.webhook_incident(incident)
        return {
            "id": incident.id,
            "type": "incident",
            "self": itself["self"],
            "html_url": itself["html_url"],
            "number": incident.number,
            "status": incident.status.value,
            "incident_key": incident.key,
            "created_at": rest_timestamp(incident.created),
            "reopened_at": rest_timestamp(incident.reopened) if incident.reopened else None,
            "title": incident.title,
            "service": refer.webhook_service(incident.service),
            "assignees": [refer.user(user) for user in incident.assignees],
            "escalation_policy": refer.policy(incident.policy),
            "teams": [refer.team(team) for team in incident.teams],
            "priority": refer.priority(incident.priority),
            "urgency": incident.urgency,
            "conference_bridge": refer.conference_bridge(incident),
            "resolve_reason": refer.resolve_reason(incident, refer.webhook_incident),
            "incident_type": {"name": incident.incident_type},
        }


def _envelope(event_type: str, resource: str, at: datetime) -> Json:
    return {
        "id": ids.event_id(at),
        "event_type": event_type,
        "resource_type": resource,
        "occurred_at": webhook_timestamp(at),
    }


def _encode(event: Json) -> bytes:
    return json.dumps({"event": event}, separators=(",", ":"), ensure_ascii=False).encode()
