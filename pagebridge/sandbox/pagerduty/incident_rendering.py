"""What the REST API shows of incidents and their logs."""

from pagebridge.sandbox.pagerduty.clock import in_seconds
from pagebridge.sandbox.pagerduty.incidents import Actor, Incident, IncidentView, LogEntry, Status
from pagebridge.sandbox.pagerduty.references import References
from pagebridge.sandbox.pagerduty.wire import Json

SUMMARIES = {
    "trigger": "Triggered through {channel}",
    "acknowledge": "Acknowledged by {agent}",
    "unacknowledge": "Unacknowledged by {agent}",
    "assign": "Assigned to {assignees} by {agent}",
    "delegate": "Delegated to {assignees} by {agent}",
    "escalate": "Escalated to {assignees} by {agent}",
    "resolve": "Resolved by {agent}",
    "annotate": "Note added by {agent}",
    "urgency_change": "Urgency changed by {agent}",
    "field_value_change": "Changed by {agent}",
}


class IncidentRendering:
    """Turns incidents into JSON objects, with the fields of PagerDuty's OpenAPI description."""

    def __init__(self, references: References) -> None:
        self._refer = references

    def incident(self, incident: Incident) -> Json:
        """Show an incident."""
        refer = self._refer
        return refer.incident(incident) | {
            "type": "incident",
            "incident_number": incident.number,
            "title": incident.title,
            "created_at": in_seconds(incident.created),
            "updated_at": in_seconds(incident.updated),
            "status": incident.status.value,
            "incident_key": incident.key,
            "service": refer.service(incident.service),
            "assigned_via": incident.assigned_via,
            "resolved_at": in_seconds(incident.resolved) if incident.resolved else None,
            "alert_counts": {"all": 0, "triggered": 0, "resolved": 0},
            "is_mergeable": True,
            "incident_type": {"name": "incident_default"},
            "escalation_policy": refer.policy(incident.policy),
            "teams": [refer.team(team) for team in incident.teams],
            "priority": refer.priority(incident.priority),
            "urgency": incident.urgency,
            "pending_actions": [],
            "resolve_reason": None,
            "alert_grouping": None,
            "incidents_responders": [],
            "responder_requests": [],
            **self._people(incident),
        }

    def _people(self, incident: Incident) -> Json:
        """Show who has done what. A triggered incident's last change is, by the description, its last update."""
        changed = incident.updated if incident.status is Status.TRIGGERED else incident.status_changed
        first = incident.log[0]
        return {
            "assignments": [
                {"at": in_seconds(stamp.at), "assignee": self._refer.user(stamp.user)} for stamp in incident.assignments
            ],
            "acknowledgements": [
                {"at": in_seconds(stamp.at), "acknowledger": self._refer.user(stamp.user)}
                for stamp in incident.acknowledgements
            ],
            "last_status_change_at": in_seconds(changed),
            "last_status_change_by": self._agent(incident.status_changed_by, incident),
            "first_trigger_log_entry": self._refer.log_entry(first, self._summary(first, incident)),
        }

    def log_entry(self, entry: LogEntry, incident: Incident) -> Json:
        """Show a log entry."""
        summary = self._summary(entry, incident)
        details = {name: value for name, value in entry.details.items() if name != "assignees"}
        if "assignees" in entry.details:
            details["assignees"] = [self._refer.user(user) for user in entry.details["assignees"]]
        return self._refer.log_entry(entry, summary) | {
            "type": f"{entry.kind}_log_entry",
            "created_at": in_seconds(entry.at),
            "agent": self._agent(entry.actor, incident),
            "channel": {"type": entry.actor.channel},
            "service": self._refer.service(incident.service),
            "incident": self._refer.incident(incident),
            "teams": [self._refer.team(team) for team in incident.teams],
            "contexts": [],
            "event_details": {"description": incident.title} if entry.kind == "trigger" else {},
            **details,
        }

    def view(self, incident: Incident) -> IncidentView:
        """Show an incident to a test."""
        by = incident.status_changed_by
        priority = self._refer.priority(incident.priority)
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
        )

    def _agent(self, actor: Actor, incident: Incident) -> Json:
        """Refer to a person, or to the service, in whose name everything else acts."""
        return self._refer.user(actor.id) if actor.kind == "person" else self._refer.service(incident.service)

    def _summary(self, entry: LogEntry, incident: Incident) -> str:
        assignees = [self._refer.user(user)["summary"] for user in entry.details.get("assignees", [])]
        channel = {"api": "the API", "website": "the website"}.get(entry.actor.channel, entry.actor.channel)
        agent = self._agent(entry.actor, incident)["summary"]
        return SUMMARIES[entry.kind].format(channel=channel, agent=agent, assignees=", ".join(assignees))
