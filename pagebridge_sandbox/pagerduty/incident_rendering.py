"""Renders incidents and their logs as the REST API shows them."""

from collections.abc import Mapping
from datetime import datetime

from pagebridge_sandbox.pagerduty.clock import rest_timestamp
from pagebridge_sandbox.pagerduty.incident_parts import (
    Alert,
    Responder,
    ResponderRequest,
    ResponderTarget,
    StatusUpdate,
)
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, IncidentView, LogEntry, Status
from pagebridge_sandbox.pagerduty.references import References
from pagebridge_sandbox.pagerduty.responses import Json

AVATAR = "https://pd-static-assets.pagerduty.com/users/blank-avatar.png"
SUMMARIES = {
    "trigger": "Triggered through {channel}",
    "acknowledge": "Acknowledged by {agent}",
    "unacknowledge": "Unacknowledged by {agent}",
    "assign": "Assigned to {assignees} by {agent}",
    "delegate": "Delegated to {assignees} by {agent}",
    "escalate": "Escalated to {assignees} by {agent}",
    "resolve": "Resolved by {agent}",
    "annotate": "Note added by {agent}",
    "snooze": "Snoozed by {agent}",
    "exhaust_escalation_path": "Escalation path exhausted",
    "repeat_escalation_path": "Escalation path repeated",
    "urgency_change": "Urgency changed by {agent}",
    "field_value_change": "Changed by {agent}",
}


class IncidentRenderer:
    """Turns incidents into JSON objects, with the fields of PagerDuty's OpenAPI description."""

    def __init__(self, references: References) -> None:
        self._references = references

    def incident(self, incident: Incident) -> Json:
        """Show an incident."""
        refer = self._references
        return refer.incident(incident) | {
            "type": "incident",
            "incident_number": incident.number,
            "title": incident.title,
            "created_at": rest_timestamp(incident.created),
            "updated_at": rest_timestamp(incident.updated),
            "status": incident.status.value,
            "incident_key": incident.key,
            "service": refer.service(incident.service),
            "assigned_via": incident.assigned_via,
            "resolved_at": rest_timestamp(incident.resolved) if incident.resolved else None,
            "alert_counts": _alert_counts(incident),
            "is_mergeable": incident.is_mergeable,
            "incident_type": {"name": incident.incident_type},
            "escalation_policy": refer.policy(incident.policy),
            "teams": [refer.team(team) for team in incident.teams],
            "priority": refer.priority(incident.priority),
            "urgency": incident.urgency,
            "pending_actions": _pending_actions(incident.pending_actions),
            "resolve_reason": refer.resolve_reason(incident, refer.incident),
            "alert_grouping": None,
            "incidents_responders": [self.responder(incident, each) for each in incident.responders],
            "responder_requests": [self.responder_request(incident, each) for each in incident.requests],
            **self._assignment_fields(incident),
        }

    def _assignment_fields(self, incident: Incident) -> Json:
        """Show who has done what. A triggered incident's last change is, by the description, its last update."""
        changed = incident.updated if incident.status is Status.TRIGGERED else incident.status_changed
        first = incident.log[0]
        return {
            "assignments": [
                {"at": rest_timestamp(stamp.at), "assignee": self._references.user(stamp.user)}
                for stamp in incident.assignments
            ],
            "acknowledgements": [
                {"at": rest_timestamp(stamp.at), "acknowledger": self._references.user(stamp.user)}
                for stamp in incident.acknowledgements
            ],
            "last_status_change_at": rest_timestamp(changed),
            "last_status_change_by": self._agent(incident.status_changed_by, incident),
            "first_trigger_log_entry": self._references.log_entry(first, self._summary(first, incident)),
        }

    def log_entry(self, entry: LogEntry, incident: Incident) -> Json:
        """Show a log entry."""
        summary = self._summary(entry, incident)
        details = {name: value for name, value in entry.details.items() if name != "assignees"}
        if "changed_actions" in details:
            details["changed_actions"] = _pending_actions(details["changed_actions"])
        if "assignees" in entry.details:
            details["assignees"] = [self._references.user(user) for user in entry.details["assignees"]]
        return self._references.log_entry(entry, summary) | {
            "type": f"{entry.kind}_log_entry",
            "created_at": rest_timestamp(entry.at),
            "agent": self._agent(entry.actor, incident),
            "channel": {"type": entry.actor.channel},
            "service": self._references.service(incident.service),
            "incident": self._references.incident(incident),
            "teams": [self._references.team(team) for team in incident.teams],
            "contexts": [],
            "event_details": {"description": incident.title} if entry.kind == "trigger" else {},
            **details,
        }

    def responder(self, incident: Incident, responder: Responder) -> Json:
        """Show a person who was asked to help."""
        request, policy = responder.request, responder.policy
        return {
            "state": responder.state,
            "user": self._references.user(responder.user) | {"avatar_url": AVATAR},
            "incident": self._references.incident(incident),
            "updated_at": rest_timestamp(responder.updated),
            "message": request.message,
            "requester": self._references.user(request.requester) | {"avatar_url": AVATAR},
            "requested_at": rest_timestamp(request.at),
            "escalation_policy_requests": [self._references.policy(policy)["summary"]] if policy else [],
        }

    def responder_request(self, incident: Incident, request: ResponderRequest) -> Json:
        """Show a request to help, with who was asked by it."""
        return {
            "id": request.id,
            "incident": self._references.incident(incident),
            "requester": self._references.user(request.requester),
            "requested_at": rest_timestamp(request.at),
            "message": request.message,
            "responder_request_targets": [
                {"responder_request_target": self._target(incident, target)} for target in request.targets
            ],
        }

    def _target(self, incident: Incident, target: ResponderTarget) -> Json:
        asked = [
            self.responder(incident, each)
            for each in incident.responders
            if target.id == (each.user if target.kind == "user" else each.policy)
        ]
        return {"type": target.kind, "id": target.id, "incidents_responders": asked}

    def status_update(self, update: StatusUpdate) -> Json:
        """Show a status update; what was only for mail is there only if it was given."""
        mail = {"subject": update.subject, "html_message": update.html_message}
        return {
            "id": update.id,
            "message": update.message,
            "sender": self._references.user(update.user),
            "created_at": rest_timestamp(update.at),
        } | {name: text for name, text in mail.items() if text is not None}

    def alert(self, alert: Alert, incident: Incident) -> Json:
        """Show an alert, of the incident it belongs to now."""
        opened = self._references.make("alert", alert.id, alert.title)
        return opened | {
            "type": "alert",
            "created_at": rest_timestamp(alert.created),
            "resolved_at": rest_timestamp(alert.resolved) if alert.resolved else None,
            "status": alert.status,
            "alert_key": alert.key,
            "service": self._references.service(alert.service),
            "first_trigger_log_entry": self._references.trigger_log_entry(alert.log_entry, incident.id),
            "incident": self._references.incident(incident),
            "suppressed": False,
            "severity": alert.report.severity,
            "integration": self._references.alert_integration(alert.integration, alert.service),
            "body": _alert_body(alert),
        }

    def view(self, incident: Incident) -> IncidentView:
        """Show an incident to a test."""
        by = incident.status_changed_by
        priority = self._references.priority(incident.priority)
        return IncidentView(
            id=incident.id,
            number=incident.number,
            status=incident.status.value,
            title=incident.title,
            urgency=incident.urgency,
            priority=str(priority["summary"]) if priority else None,
            assignees=incident.assignees,
            acknowledgers=[stamp.user for stamp in incident.acknowledgements],
            last_status_change_by=by.id if by.kind == "person" else None,
            escalation_level=incident.level,
            escalation_policy=incident.policy,
            assigned_via=incident.assigned_via,
            service=incident.service,
            teams=list(incident.teams),
            notes=[note.content for note in incident.notes],
            created_at=incident.created,
            updated_at=incident.updated,
            resolved_at=incident.resolved,
            incident_type=incident.incident_type,
            conference_bridge=incident.bridge,
            responders={responder.user: responder.state for responder in incident.responders},
            status_updates=[update.message for update in incident.status_updates],
            pending_actions=dict(incident.pending_actions),
            merged_into=incident.merged_into.id if incident.merged_into else None,
        )

    def _agent(self, actor: Actor, incident: Incident) -> Json:
        """Refer to a person, or to the service, in whose name everything else acts."""
        return self._references.user(actor.id) if actor.kind == "person" else self._references.service(incident.service)

    def _summary(self, entry: LogEntry, incident: Incident) -> str:
        assignees = [self._references.user(user)["summary"] for user in entry.details.get("assignees", [])]
        channel = {"api": "the API", "website": "the website"}.get(entry.actor.channel, entry.actor.channel)
        agent = self._agent(entry.actor, incident)["summary"]
        return SUMMARIES[entry.kind].format(channel=channel, agent=agent, assignees=", ".join(assignees))


def _alert_body(alert: Alert) -> Json:
    """Show what was reported; source and tool are where alerts in the wild have them, which no description tells."""
    report, tool = alert.report, alert.report.client or {}
    said = {"source_origin": report.source, "client": tool.get("name"), "client_url": tool.get("url")}
    told = {name: value for name, value in said.items() if value}
    return {
        "type": "alert_body",
        "contexts": [{"type": "link", **link} for link in report.links],
        "details": {} if report.details is None else report.details,
    } | ({"cef_details": {**told, "severity": report.severity}} if told else {})


def _alert_counts(incident: Incident) -> Json:
    resolved = sum(alert.status == "resolved" for alert in incident.alerts)
    return {"all": len(incident.alerts), "triggered": len(incident.alerts) - resolved, "resolved": resolved}


def _pending_actions(actions: Mapping[str, datetime]) -> list[Json]:
    """Show what will happen by itself, the next thing first."""
    return [{"type": name, "at": rest_timestamp(actions[name])} for name in sorted(actions, key=lambda it: actions[it])]
