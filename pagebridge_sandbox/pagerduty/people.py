"""Acting in PagerDuty without the REST API: in its own interface, or as its automation."""

from collections.abc import Callable, Sequence

from pagebridge_sandbox.pagerduty import (
    assignment,
    incident_merge,
    incident_updates,
    lifecycle,
    pending_actions,
    responders,
)
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.directory import User
from pagebridge_sandbox.pagerduty.incident_parts import ConferenceBridge, ResponderTarget
from pagebridge_sandbox.pagerduty.incident_rendering import IncidentRenderer
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, IncidentView, Status
from pagebridge_sandbox.pagerduty.responses import not_found
from pagebridge_sandbox.pagerduty.roles import require_may_act

IncidentChange = Callable[[Incident], object]


class _IncidentActor:
    """Changes incidents as one actor, and shows them as they are afterwards."""

    def __init__(self, account: Account, actor: Actor) -> None:
        self._account = account
        self._actor = actor

    def _change(self, incident_id: str, change: IncidentChange) -> IncidentView:
        incident = self._account.incident(incident_id)
        with self._account.transaction(incident):
            change(incident)
        return self._view(incident)

    def _view(self, incident: Incident) -> IncidentView:
        return IncidentRenderer(self._account.references).view(incident)

    def unacknowledge(self, incident_id: str) -> IncidentView:
        """Bring an acknowledged incident back to triggered."""
        return self._change(incident_id, lambda it: lifecycle.unacknowledge(self._account, it, self._actor))

    def resolve(self, incident_id: str, resolution: str | None = None) -> IncidentView:
        """Resolve, perhaps saying how."""
        return self._change(incident_id, lambda it: lifecycle.resolve(self._account, it, self._actor, resolution))


class Automation(_IncidentActor):
    """PagerDuty itself: timers and rules, which act in no one's name."""

    def __init__(self, account: Account) -> None:
        super().__init__(account, Actor.automation())

    def escalate(self, incident_id: str, level: int | None = None) -> IncidentView:
        """Escalate to a level, the next one unless given."""
        return self._change(
            incident_id, lambda it: assignment.escalate(self._account, it, self._actor, level or it.level + 1)
        )


class WebUser(_IncidentActor):
    """
    A person in PagerDuty's own interface.

    Every verb raises `ApiError` when PagerDuty would not let it happen: because of roles, or of the incident's state.
    """

    def __init__(self, account: Account, user: User) -> None:
        super().__init__(account, Actor.person(user))
        self._user = user

    def _change(self, incident_id: str, change: IncidentChange) -> IncidentView:
        incident = self._account.incident(incident_id)
        self._require_may_act(incident.teams, incident.involved_users)
        return super()._change(incident_id, change)

    def _require_may_act(self, teams: Sequence[str], assignees: Sequence[str] = ()) -> None:
        if self._account.options.enforce_roles:
            require_may_act(self._account.directory, self._user, teams, assignees)

    def trigger(self, service_id: str, title: str, urgency: str = "high", assignee: str | None = None) -> IncidentView:
        """Open an incident by hand; assigned to oneself it is acknowledged from the start."""
        service = self._account.directory.service(service_id)
        self._require_may_act(service.teams)
        draft = lifecycle.IncidentDraft(service, title, urgency, assignee=assignee, opened_manually=True)
        return self._view(lifecycle.trigger(self._account, draft, self._actor))

    def acknowledge(self, incident_id: str) -> IncidentView:
        """Acknowledge; a resolved incident is reopened by that."""
        return self._change(incident_id, lambda it: lifecycle.acknowledge(self._account, it, self._actor))

    def reopen(self, incident_id: str) -> IncidentView:
        """Reopen a resolved incident; another one stays as it is."""

        def change(incident: Incident) -> None:
            if incident.status is Status.RESOLVED:
                lifecycle.reopen(self._account, incident, self._actor)

        return self._change(incident_id, change)

    def reassign(self, incident_id: str, user_ids: Sequence[str]) -> IncidentView:
        """Assign to these users, which ends the escalation."""
        return self._change(incident_id, lambda it: assignment.reassign(self._account, it, self._actor, list(user_ids)))

    def delegate(self, incident_id: str, policy_id: str) -> IncidentView:
        """Give to an escalation policy."""
        policy = self._account.directory.policy(policy_id)
        return self._change(incident_id, lambda it: assignment.delegate(self._account, it, self._actor, policy))

    def escalate(self, incident_id: str, level: int) -> IncidentView:
        """Escalate to a level of the policy, counted from 1."""
        return self._change(incident_id, lambda it: assignment.escalate(self._account, it, self._actor, level))

    def add_note(self, incident_id: str, text: str) -> IncidentView:
        """Add a note."""
        return self._change(incident_id, lambda it: incident_updates.add_note(self._account, it, self._actor, text))

    def set_priority(self, incident_id: str, name: str | None) -> IncidentView:
        """Set the priority by its name, or clear it."""
        priorities = self._account.directory.priorities.values()
        priority = next((each.id for each in priorities if each.name == name), None)
        if name is not None and priority is None:
            raise not_found("Priority Not Found")
        return self._change(
            incident_id, lambda it: incident_updates.set_priority(self._account, it, self._actor, priority)
        )

    def set_service(self, incident_id: str, service_id: str) -> IncidentView:
        """Move to another service."""
        service = self._account.directory.service(service_id)
        return self._change(
            incident_id, lambda it: incident_updates.set_service(self._account, it, self._actor, service)
        )

    def set_urgency(self, incident_id: str, urgency: str) -> IncidentView:
        """Change the urgency, `high` or `low`."""
        return self._change(
            incident_id, lambda it: incident_updates.set_urgency(self._account, it, self._actor, urgency)
        )

    def set_title(self, incident_id: str, title: str) -> IncidentView:
        """Change the title."""
        return self._change(incident_id, lambda it: incident_updates.set_title(self._account, it, self._actor, title))

    def set_incident_type(self, incident_id: str, name: str) -> IncidentView:
        """Change the type."""
        if name not in self._account.directory.incident_types:
            raise not_found("Incident Type Not Found")
        return self._change(
            incident_id, lambda it: incident_updates.set_incident_type(self._account, it, self._actor, name)
        )

    def set_conference_bridge(
        self, incident_id: str, number: str | None = None, url: str | None = None
    ) -> IncidentView:
        """Set where people talk."""
        bridge = ConferenceBridge(number, url)
        return self._change(
            incident_id, lambda it: incident_updates.set_conference_bridge(self._account, it, self._actor, bridge)
        )

    def edit_note(self, incident_id: str, note_id: str, text: str) -> IncidentView:
        """Change what a note says."""
        return self._change(incident_id, lambda it: incident_updates.edit_note(self._account, it, note_id, text))

    def delete_note(self, incident_id: str, note_id: str) -> IncidentView:
        """Delete a note."""
        return self._change(incident_id, lambda it: incident_updates.delete_note(it, note_id))

    def snooze(self, incident_id: str, seconds: int) -> IncidentView:
        """Let an acknowledge last so long from now."""
        return self._change(incident_id, lambda it: pending_actions.snooze(self._account, it, self._actor, seconds))

    def merge(self, incident_id: str, source_ids: Sequence[str]) -> IncidentView:
        """Merge other incidents into this one."""
        target = self._account.incident(incident_id)
        sources = [self._account.incident(source) for source in source_ids]
        for each in (target, *sources):
            self._require_may_act(each.teams, each.involved_users)
        with self._account.transaction(target, *sources):
            incident_merge.merge(self._account, target, self._actor, sources)
        return self._view(target)

    def request_responders(
        self,
        incident_id: str,
        user_ids: Sequence[str] = (),
        policy_ids: Sequence[str] = (),
        message: str = "Please help",
    ) -> IncidentView:
        """Ask users, and the people on call for escalation policies, to help."""
        targets = [ResponderTarget("user", user) for user in user_ids] + [
            ResponderTarget("escalation_policy", each) for each in policy_ids
        ]
        return self._change(
            incident_id,
            lambda it: responders.request_responders(self._account, it, self._actor, message, targets),
        )

    def join(self, incident_id: str, message: str = "") -> IncidentView:
        """Answer that one will help, when asked, in words of one's own."""
        return self._change(
            incident_id, lambda it: responders.answer_request(self._account, it, self._actor, "joined", message)
        )

    def decline(self, incident_id: str, message: str = "") -> IncidentView:
        """Answer that one will not help, when asked, in words of one's own."""
        return self._change(
            incident_id, lambda it: responders.answer_request(self._account, it, self._actor, "declined", message)
        )

    def publish_status_update(self, incident_id: str, message: str) -> IncidentView:
        """Publish a status update to stakeholders."""
        return self._change(
            incident_id, lambda it: responders.publish_status_update(self._account, it, self._actor, message)
        )
