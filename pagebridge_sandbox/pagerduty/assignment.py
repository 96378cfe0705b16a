"""Whose incident it is: reassign, delegate, escalate."""

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.directory import Directory, EscalationPolicy
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.pending_actions import schedule_escalation
from pagebridge_sandbox.pagerduty.responses import (
    ASSIGNEE_NOT_FOUND,
    CANNOT_ESCALATE,
    CANNOT_REASSIGN,
    NOBODY_ON_CALL,
    ApiError,
)
from pagebridge_sandbox.pagerduty.roles import STAKEHOLDER_ROLES

DIRECT, POLICY = "direct_assignment", "escalation_policy"


def reassign(account: Account, incident: Incident, actor: Actor, users: list[str]) -> None:
    """Assign to users, which ends the escalation. Nothing happens when it is theirs already in this way."""
    if incident.status is Status.RESOLVED:
        raise ApiError(CANNOT_REASSIGN, "Incident Cannot Be Reassigned", "Incident is resolved")
    require_assignable(account.directory, users)
    if incident.assigned_via == DIRECT and incident.assignees == users:
        return
    _assign(account, incident, actor, users, DIRECT, ("assign", "reassigned"))


def delegate(account: Account, incident: Incident, actor: Actor, policy: EscalationPolicy) -> None:
    """Give to an escalation policy, which begins at its first level, also if it is the same policy as before."""
    if incident.status is Status.RESOLVED:
        raise ApiError(CANNOT_REASSIGN, "Incident Cannot Be Reassigned", "Incident is resolved")
    users = on_call(account.directory, policy.levels, 1)
    incident.policy, incident.levels, incident.level, incident.loops = policy.id, policy.levels, 1, 0
    _assign(account, incident, actor, users, POLICY, ("delegate", "delegated"))


def escalate(account: Account, incident: Incident, actor: Actor, level: int) -> None:
    """
    Escalate within the policy as it was when the incident took it; levels count from 1, and 0 means 1 as well.

    Only open incidents of high urgency that follow their policy can be escalated, to a level that exists and where
    a person is on call.
    """
    level = level or 1
    follows_policy = incident.status is not Status.RESOLVED and incident.assigned_via == POLICY
    if not follows_policy or incident.urgency == "low" or not 1 <= level <= len(incident.levels):
        raise ApiError(CANNOT_ESCALATE, "Incident Cannot Be Escalated")
    users = on_call(account.directory, incident.levels, level)
    incident.level = level
    _assign(account, incident, actor, users, POLICY, ("escalate", "escalated"))


def _assign(
    account: Account, incident: Incident, actor: Actor, users: list[str], via: str, log_and_event_types: tuple[str, str]
) -> None:
    kind, change = log_and_event_types
    at = account.clock.tick()
    incident.assigned_via = via
    incident.assign(users, at)
    incident.updated = at
    if incident.status is Status.TRIGGERED:
        schedule_escalation(account, incident, at)
    account.add_log_entry(kind, incident, actor, at, assignees=users)
    account.emit_change(change, incident, actor, at)


def on_call(directory: Directory, levels: tuple[tuple[str, ...], ...], level: int) -> list[str]:
    """Return who is on call at a level. Refused when no one is."""
    users = levels[level - 1] if level <= len(levels) else ()
    present = [user for user in users if user in directory.users]
    if not present:
        raise ApiError(NOBODY_ON_CALL, "No User Is On Call At This Level")
    return present


def require_assignable(directory: Directory, users: list[str]) -> None:
    """Refuse to assign to no one, to users who do not exist, or to stakeholders."""
    if not users or any(user not in directory.users for user in users):
        raise ApiError(ASSIGNEE_NOT_FOUND, "Assignee Not Found")
    if any(directory.users[user].role in STAKEHOLDER_ROLES for user in users):
        raise ApiError(CANNOT_REASSIGN, "Incident Cannot Be Reassigned", "A stakeholder cannot be assigned")
