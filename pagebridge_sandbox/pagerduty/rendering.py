"""Renders everything but incidents as the REST API shows it."""

from collections.abc import Callable

from pagebridge_sandbox.pagerduty.clock import rest_timestamp
from pagebridge_sandbox.pagerduty.directory import Directory, EscalationPolicy, Priority, Service, Team, User
from pagebridge_sandbox.pagerduty.incident_parts import Note
from pagebridge_sandbox.pagerduty.references import References
from pagebridge_sandbox.pagerduty.responses import Json

ESCALATION_DELAY = 30
"""Minutes that a policy shows whose levels do not escalate by themselves here."""


class DirectoryRenderer:
    """
    Turns what the account consists of into JSON objects, with the fields of PagerDuty's OpenAPI description.

    `status` tells how a service stands, by its id.
    """

    def __init__(self, directory: Directory, references: References, status: Callable[[str], str]) -> None:
        self._directory = directory
        self._references = references
        self._service_status = status

    def user(self, user: User) -> Json:
        """Show a user."""
        return _without_reference_suffix(self._references.user(user.id)) | {
            "name": user.name,
            "email": user.email,
            "time_zone": user.time_zone,
            "color": "green",
            "role": user.role,
            "avatar_url": "https://pd-static-assets.pagerduty.com/users/blank-avatar.png",
            "description": None,
            "invitation_sent": False,
            "created_via_sso": False,
            "contact_methods": [],
            "notification_rules": [],
            "job_title": user.job_title,
            "teams": [self._references.team(team.id) for team in self._directory.teams_of(user.id)],
        }

    def team(self, team: Team) -> Json:
        """Show a team; a private one by its `default_role`."""
        role = "none" if team.private else "manager"
        return _without_reference_suffix(self._references.team(team.id)) | {
            "name": team.name,
            "description": None,
            "default_role": role,
        }

    def members(self, team: Team) -> list[Json]:
        """Show who is on a team."""
        return [{"user": self._references.user(user), "role": role} for user, role in team.members.items()]

    def policy(self, policy: EscalationPolicy) -> Json:
        """Show an escalation policy."""
        services = [service for service in self._directory.services.values() if service.policy == policy.id]
        return _without_reference_suffix(self._references.policy(policy.id)) | {
            "on_call_handoff_notifications": "if_has_services",
            "name": policy.name,
            "escalation_rules": [self._rule(policy, level) for level in range(len(policy.levels))],
            "services": [self._references.service(service.id) for service in services],
            "num_loops": policy.loops,
            "teams": [self._references.team(team) for team in policy.teams],
            "description": None,
        }

    def _rule(self, policy: EscalationPolicy, level: int) -> Json:
        return {
            "id": f"{policy.id[:5]}{level:02}",
            "escalation_delay_in_minutes": policy.delay or ESCALATION_DELAY,
            "targets": [self._references.user(user) for user in policy.levels[level]],
            "escalation_rule_assignment_strategy": "assign_to_everyone",
        }

    def service(self, service: Service) -> Json:
        """Show a service."""
        return _without_reference_suffix(self._references.service(service.id)) | {
            "name": service.name,
            "description": None,
            "auto_resolve_timeout": service.auto_resolve_timeout,
            "acknowledgement_timeout": service.acknowledgement_timeout,
            "status": self._service_status(service.id),
            "escalation_policy": self._references.policy(service.policy),
            "teams": [self._references.team(team) for team in service.teams],
            "incident_urgency_rule": {"type": "constant", "urgency": "high"},
        }

    def priority(self, priority: Priority) -> Json:
        """Show a priority."""
        reference = self._references.priority(priority.id) or {}
        return _without_reference_suffix(reference) | {"name": priority.name, "description": priority.description}

    def oncalls(self, policy: EscalationPolicy) -> list[Json]:
        """Show who is on call for a policy: at the first level by its shifts if it has any, else always."""
        times = [
            (1, one.user, rest_timestamp(one.since), rest_timestamp(one.until), one.schedule) for one in policy.shifts
        ]
        always = [
            (level, user, None, None, "")
            for level, users in enumerate(policy.levels, 1)
            for user in users
            if level > 1 or not policy.shifts
        ]
        return [
            {
                "user": self._references.user(user),
                "schedule": self._references.schedule(schedule),
                "escalation_policy": self._references.policy(policy.id),
                "escalation_level": level,
                "start": start,
                "end": end,
            }
            for level, user, start, end, schedule in [*times, *always]
            if user in self._directory.users
        ]

    def note(self, note: Note) -> Json:
        """Show a note."""
        return {
            "id": note.id,
            "user": self._references.user(note.user) if note.user else None,
            "channel": {"summary": "The PagerDuty website or APIs"},
            "content": note.content,
            "created_at": rest_timestamp(note.at),
            "updated_at": rest_timestamp(note.edited or note.at),
        }


def _without_reference_suffix(reference: Json) -> Json:
    return reference | {"type": str(reference["type"]).removesuffix("_reference")}
