"""How incidents begin and end: trigger, acknowledge, unacknowledge, resolve, reopen."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.assignment import DIRECT, POLICY, on_call, require_assignable
from pagebridge_sandbox.pagerduty.directory import EscalationPolicy, Service
from pagebridge_sandbox.pagerduty.incident_parts import Alert, AlertReport, ConferenceBridge
from pagebridge_sandbox.pagerduty.incident_updates import add_note
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.pending_actions import (
    schedule_acknowledgement_timeout,
    schedule_auto_resolve,
    schedule_escalation,
)
from pagebridge_sandbox.pagerduty.responses import (
    ALREADY_ACKNOWLEDGED,
    ALREADY_RESOLVED,
    ARGUMENTS_CAUSED_ERROR,
    ApiError,
)


@dataclass(frozen=True)
class IncidentDraft:
    """An incident to be. Without `policy` the service's is taken, without `assignee` the policy's first level."""

    service: Service
    title: str
    urgency: str = "high"
    priority: str | None = None
    key: str | None = None
    policy: EscalationPolicy | None = None
    assignee: str | None = None
    details: str | None = None
    incident_type: str = "incident_default"
    bridge: ConferenceBridge | None = None
    opened_manually: bool = False
    report: AlertReport = field(default_factory=AlertReport)


def trigger(account: Account, draft: IncidentDraft, actor: Actor) -> Incident:
    """
    Open an incident.

    Assigned to the person who opens it, it is acknowledged at once. Refused when its key is that of an open incident of
    the service, when no one is on call, or when the assignee cannot be one.
    """
    _require_unused_key(account, draft)
    policy = draft.policy or account.directory.policy(draft.service.policy)
    users = [draft.assignee] if draft.assignee else on_call(account.directory, policy.levels, 1)
    require_assignable(account.directory, users)
    at = account.clock.tick()
    incident = _new_incident(account, draft, policy, actor, at)
    incident.assign(users, at)
    incident.assigned_via = DIRECT if draft.assignee else POLICY
    account.incidents[incident.id] = incident
    with account.transaction(incident):
        account.add_log_entry("trigger", incident, actor, at)
        account.add_log_entry("assign", incident, actor, at, assignees=users)
        if actor.kind == "integration":
            incident.alerts.append(_new_alert(incident, actor, at, draft.report))
        account.emit_change("triggered", incident, actor, at)
        schedule_auto_resolve(account, incident, at)
        schedule_escalation(account, incident, at)
        if users == [actor.id]:
            acknowledge(account, incident, actor)
    return incident


def _require_unused_key(account: Account, draft: IncidentDraft) -> None:
    for incident in account.incidents.values():
        open_here = incident.service == draft.service.id and incident.status is not Status.RESOLVED
        if draft.key is not None and incident.key == draft.key and open_here:
            raise ApiError(
                ARGUMENTS_CAUSED_ERROR,
                "Arguments Caused Error",
                "Open incident with matching dedup key already exists on this service",
            )


def _new_alert(incident: Incident, actor: Actor, at: datetime, report: AlertReport) -> Alert:
    key, entry = incident.key, incident.log[0].id
    return Alert(ids.incident_id(), key, incident.title, incident.service, actor.id, at, entry, report)


def _new_incident(
    account: Account, draft: IncidentDraft, policy: EscalationPolicy, actor: Actor, at: datetime
) -> Incident:
    return Incident(
        id=ids.incident_id(),
        number=len(account.incidents) + 1,
        title=draft.title,
        service=draft.service.id,
        policy=policy.id,
        levels=policy.levels,
        teams=draft.service.teams,
        urgency=draft.urgency,
        key=draft.key or secrets.token_hex(16),
        created=at,
        updated=at,
        status_changed=at,
        status_changed_by=actor,
        priority=draft.priority,
        details=draft.details,
        incident_type=draft.incident_type,
        bridge=draft.bridge,
        opened_manually=draft.opened_manually,
    )


def acknowledge(account: Account, incident: Incident, actor: Actor) -> None:
    """
    Acknowledge in the name of a person, to whom the incident is assigned by that.

    A resolved incident is reopened first, assigned to that person.
    """
    if incident.status is Status.ACKNOWLEDGED:
        raise ApiError(ALREADY_ACKNOWLEDGED, "Incident Already Acknowledged")
    if incident.status is Status.RESOLVED:
        reopen(account, incident, actor, [actor.id])
    at = account.clock.tick()
    is_reassigned = incident.assignees != [actor.id]
    incident.set_status(Status.ACKNOWLEDGED, actor, at)
    incident.assign([actor.id], at)
    incident.set_acknowledger(actor.id, at)
    incident.updated = at
    schedule_acknowledgement_timeout(account, incident, at)
    timeout = account.directory.service(incident.service).acknowledgement_timeout
    account.add_log_entry(
        "acknowledge", incident, actor, at, **({"acknowledgement_timeout": timeout} if timeout else {})
    )
    account.emit_change("acknowledged", incident, actor, at)
    if is_reassigned and account.options.acknowledge_reassigns:
        at = account.clock.tick()
        account.add_log_entry("assign", incident, actor, at, assignees=[actor.id])
        account.emit_change("reassigned", incident, actor, at)


def unacknowledge(account: Account, incident: Incident, actor: Actor) -> None:
    """Bring an acknowledged incident back to triggered; one that is triggered stays as it is."""
    if incident.status is Status.TRIGGERED:
        return
    at = account.clock.tick()
    incident.set_status(Status.TRIGGERED, actor, at)
    incident.updated = at
    schedule_escalation(account, incident, at)
    account.add_log_entry("unacknowledge", incident, actor, at)
    account.emit_change("unacknowledged", incident, actor, at)


def resolve(account: Account, incident: Incident, actor: Actor, resolution: str | None = None) -> None:
    """Resolve; the resolution becomes a note of its own right after it."""
    if incident.status is Status.RESOLVED:
        raise ApiError(ALREADY_RESOLVED, "Incident Already Resolved")
    at = account.clock.tick()
    incident.set_status(Status.RESOLVED, actor, at)
    incident.updated = at
    account.add_log_entry("resolve", incident, actor, at, **({"note": resolution} if resolution else {}))
    account.emit_change("resolved", incident, actor, at)
    if resolution:
        add_note(account, incident, actor, f"Resolution Note: {resolution}")


def reopen(account: Account, incident: Incident, actor: Actor, assignees: list[str] | None = None) -> None:
    """Reopen a resolved incident as triggered, assigned to these users or else to the first level of its policy."""
    at = account.clock.tick()
    users = assignees or on_call(account.directory, incident.levels, 1)
    incident.set_status(Status.TRIGGERED, actor, at)
    incident.assign(users, at)
    incident.assigned_via, incident.level = (DIRECT if assignees else POLICY), 1
    incident.reopened = incident.updated = at
    incident.merged_into, incident.loops = None, 0
    schedule_auto_resolve(account, incident, at)
    schedule_escalation(account, incident, at)
    account.add_log_entry("trigger", incident, actor, at)
    account.add_log_entry("assign", incident, actor, at, assignees=users)
    account.emit_change("reopened", incident, actor, at)
