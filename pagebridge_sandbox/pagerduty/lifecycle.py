"""How incidents begin and end: trigger, acknowledge, unacknowledge, resolve, reopen."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from pagebridge_sandbox.pagerduty import ids
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.assignment import DIRECT, POLICY, on_call, require_assignable
from pagebridge_sandbox.pagerduty.directory import Policy, Service
from pagebridge_sandbox.pagerduty.incident_parts import Alert, Bridge, Report
from pagebridge_sandbox.pagerduty.incident_updates import add_note
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.pending_actions import await_acknowledge, await_resolution, await_work
from pagebridge_sandbox.pagerduty.responses import (
    ALREADY_ACKNOWLEDGED,
    ALREADY_RESOLVED,
    ARGUMENTS_CAUSED_ERROR,
    Refusal,
)


@dataclass(frozen=True)
class Draft:
    """An incident to be. Without `policy` the service's is taken, without `assignee` the policy's first level."""

    service: Service
    title: str
    urgency: str = "high"
    priority: str | None = None
    key: str | None = None
    policy: Policy | None = None
    assignee: str | None = None
    details: str | None = None
    kind: str = "incident_default"
    bridge: Bridge | None = None
    by_hand: bool = False
    report: Report = field(default_factory=Report)


def trigger(account: Account, draft: Draft, actor: Actor) -> Incident:
    """
    Open an incident.

    Assigned to whoever opens it, it is acknowledged at once. Refused when its key is that of an open incident of the
    service, when nobody is on call, or when the assignee cannot be one.
    """
    _require_new_key(account, draft)
    policy = draft.policy or account.directory.policy(draft.service.policy)
    users = [draft.assignee] if draft.assignee else on_call(account.directory, policy.levels, 1)
    require_assignable(account.directory, users)
    at = account.clock.tick()
    incident = _new(account, draft, policy, actor, at)
    incident.assign(users, at)
    incident.assigned_via = DIRECT if draft.assignee else POLICY
    account.incidents[incident.id] = incident
    with account.changing(incident):
        account.record("trigger", incident, actor, at)
        account.record("assign", incident, actor, at, assignees=users)
        if actor.kind == "integration":
            incident.alerts.append(_alert(incident, actor, at, draft.report))
        account.announce("triggered", incident, actor, at)
        await_resolution(account, incident, at)
        await_acknowledge(account, incident, at)
        if users == [actor.id]:
            acknowledge(account, incident, actor)
    return incident


def _require_new_key(account: Account, draft: Draft) -> None:
    for incident in account.incidents.values():
        open_here = incident.service == draft.service.id and incident.status is not Status.RESOLVED
        if draft.key is not None and incident.key == draft.key and open_here:
            raise Refusal(
                ARGUMENTS_CAUSED_ERROR,
                "Arguments Caused Error",
                "Open incident with matching dedup key already exists on this service",
            )


def _alert(incident: Incident, actor: Actor, at: datetime, report: Report) -> Alert:
    key, entry = incident.key, incident.log[0].id
    return Alert(ids.incident_id(), key, incident.title, incident.service, actor.id, at, entry, report)


def _new(account: Account, draft: Draft, policy: Policy, actor: Actor, at: datetime) -> Incident:
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
        kind=draft.kind,
        bridge=draft.bridge,
        by_hand=draft.by_hand,
    )


def acknowledge(account: Account, incident: Incident, actor: Actor) -> None:
    """
    Acknowledge in the name of a person, to whom the incident is assigned by that.

    A resolved incident is reopened first, assigned to that person.
    """
    if incident.status is Status.ACKNOWLEDGED:
        raise Refusal(ALREADY_ACKNOWLEDGED, "Incident Already Acknowledged")
    if incident.status is Status.RESOLVED:
        reopen(account, incident, actor, [actor.id])
    at = account.clock.tick()
    moved = incident.assignees != [actor.id]
    incident.enter(Status.ACKNOWLEDGED, actor, at)
    incident.assign([actor.id], at)
    incident.acknowledged_by(actor.id, at)
    incident.updated = at
    await_work(account, incident, at)
    timeout = account.directory.service(incident.service).acknowledgement_timeout
    account.record("acknowledge", incident, actor, at, **({"acknowledgement_timeout": timeout} if timeout else {}))
    account.announce("acknowledged", incident, actor, at)
    if moved and account.options.acknowledge_reassigns:
        at = account.clock.tick()
        account.record("assign", incident, actor, at, assignees=[actor.id])
        account.announce("reassigned", incident, actor, at)


def unacknowledge(account: Account, incident: Incident, actor: Actor) -> None:
    """Bring an acknowledged incident back to triggered; one that is triggered stays as it is."""
    if incident.status is Status.TRIGGERED:
        return
    at = account.clock.tick()
    incident.enter(Status.TRIGGERED, actor, at)
    incident.updated = at
    await_acknowledge(account, incident, at)
    account.record("unacknowledge", incident, actor, at)
    account.announce("unacknowledged", incident, actor, at)


def resolve(account: Account, incident: Incident, actor: Actor, resolution: str | None = None) -> None:
    """Resolve; the resolution becomes a note of its own right after it."""
    if incident.status is Status.RESOLVED:
        raise Refusal(ALREADY_RESOLVED, "Incident Already Resolved")
    at = account.clock.tick()
    incident.enter(Status.RESOLVED, actor, at)
    incident.updated = at
    account.record("resolve", incident, actor, at, **({"note": resolution} if resolution else {}))
    account.announce("resolved", incident, actor, at)
    if resolution:
        add_note(account, incident, actor, f"Resolution Note: {resolution}")


def reopen(account: Account, incident: Incident, actor: Actor, assignees: list[str] | None = None) -> None:
    """Reopen a resolved incident as triggered, assigned to these users or else to the first level of its policy."""
    at = account.clock.tick()
    users = assignees or on_call(account.directory, incident.levels, 1)
    incident.enter(Status.TRIGGERED, actor, at)
    incident.assign(users, at)
    incident.assigned_via, incident.level = (DIRECT if assignees else POLICY), 1
    incident.reopened = incident.updated = at
    incident.merged_into, incident.loops = None, 0
    await_resolution(account, incident, at)
    await_acknowledge(account, incident, at)
    account.record("trigger", incident, actor, at)
    account.record("assign", incident, actor, at, assignees=users)
    account.announce("reopened", incident, actor, at)
