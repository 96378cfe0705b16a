"""References: how everything in PagerDuty points to everything else."""

from collections.abc import Callable
from dataclasses import dataclass

from pagebridge_sandbox.pagerduty.directory import Directory, Service
from pagebridge_sandbox.pagerduty.incident_parts import IncidentRef
from pagebridge_sandbox.pagerduty.incidents import Incident, LogEntry
from pagebridge_sandbox.pagerduty.responses import Json

WEB_URL = "https://acme.pagerduty.com"
"""Where the account's pages would be."""
PLURALS = {"escalation_policy": "escalation_policies", "priority": "priorities"}


@dataclass
class References:
    """Makes references. `api` is the base URL of the REST API, known once the sandbox listens."""

    directory: Directory
    api_url: str = ""

    def user(self, user_id: str) -> Json:
        """Refer to a user, who may be deleted by now."""
        return self.make("user", user_id, self.directory.historical_user_name(user_id))

    def team(self, team_id: str) -> Json:
        """Refer to a team."""
        return self.make("team", team_id, self.directory.team(team_id).name)

    def policy(self, policy_id: str) -> Json:
        """Refer to an escalation policy."""
        return self.make("escalation_policy", policy_id, self.directory.policy(policy_id).name)

    def schedule(self, schedule_id: str) -> Json | None:
        """Refer to a schedule, which has no name of its own here; None if there is none."""
        return self.make("schedule", schedule_id, f"Schedule {schedule_id}") if schedule_id else None

    def service(self, service_id: str) -> Json:
        """Refer to a service as the REST API does."""
        reference = self.make("service", service_id, self.directory.service(service_id).name)
        return reference | {"html_url": f"{WEB_URL}/service-directory/{service_id}"}

    def webhook_service(self, service_id: str) -> Json:
        """Refer to a service as webhooks do, with the address of another page."""
        return self.service(service_id) | {"html_url": f"{WEB_URL}/services/{service_id}"}

    def priority(self, priority_id: str | None) -> Json | None:
        """Refer to a priority, if there is one."""
        if priority_id is None:
            return None
        reference = self.make("priority", priority_id, self.directory.priorities[priority_id].name)
        return reference | {"html_url": f"{WEB_URL}/account/incident_priorities"}

    def incident(self, incident: Incident | IncidentRef) -> Json:
        """Refer to an incident as the REST API does, by number and title."""
        return self.make("incident", incident.id, f"[#{incident.number}] {incident.title}")

    def webhook_incident(self, incident: Incident | IncidentRef) -> Json:
        """Refer to an incident as webhooks do, by its title."""
        return self.make("incident", incident.id, incident.title)

    def integration(self, service: Service) -> Json:
        """Refer to a service's Events API integration as the agent of a webhook."""
        reference = self.make("inbound_integration", service.integration, "Events API V2")
        path = f"services/{service.id}/integrations/{service.integration}"
        return reference | {"self": f"{self.api_url}/{path}", "html_url": f"{WEB_URL}/{path}"}

    def alert_integration(self, integration: str, service: str) -> Json:
        """Refer to the Events API integration that has made an alert."""
        path = f"services/{service}/integrations/{integration}"
        reference = self.make("events_api_v2_inbound_integration", integration, "Events API V2")
        return reference | {"self": f"{self.api_url}/{path}", "html_url": f"{WEB_URL}/{path}"}

    @staticmethod
    def conference_bridge(incident: Incident) -> Json | None:
        """Show where people talk about an incident, if they do."""
        bridge = incident.bridge
        return None if bridge is None else {"conference_number": bridge.number, "conference_url": bridge.url}

    @staticmethod
    def resolve_reason(incident: Incident, refer: Callable[[IncidentRef], Json]) -> Json | None:
        """Show into which incident this one was merged, if it was."""
        target = incident.merged_into
        return None if target is None else {"type": "merge_resolve_reason", "incident": refer(target)}

    def trigger_log_entry(self, entry_id: str, incident_id: str) -> Json:
        """Refer to the log entry with which an alert began."""
        return {
            "id": entry_id,
            "type": "trigger_log_entry_reference",
            "summary": "Triggered through the API",
            "self": f"{self.api_url}/log_entries/{entry_id}?incident_id={incident_id}",
            "html_url": f"{WEB_URL}/incidents/{incident_id}/log_entries/{entry_id}",
        }

    def log_entry(self, entry: LogEntry, summary: str) -> Json:
        """Refer to a log entry."""
        return {
            "id": entry.id,
            "type": f"{entry.kind}_log_entry_reference",
            "summary": summary,
            "self": f"{self.api_url}/log_entries/{entry.id}?incident_id={entry.incident}",
            "html_url": f"{WEB_URL}/incidents/{entry.incident}/log_entries/{entry.id}",
        }

    def make(self, kind: str, thing_id: str, summary: str) -> Json:
        """Refer to anything."""
        plural = PLURALS.get(kind, kind + "s")
        return {
            "id": thing_id,
            "type": f"{kind}_reference",
            "summary": summary,
            "self": f"{self.api_url}/{plural}/{thing_id}",
            "html_url": f"{WEB_URL}/{plural}/{thing_id}",
        }
