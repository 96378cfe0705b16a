"""Whose incident it is: reassign, delegate, escalate."""

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.directory import Directory, Policy
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.pending_actions import await_acknowledge
from pagebridge_sandbox.pagerduty.responses import (
    ASSIGNEE_NOT_FOUND,
    CANNOT_ESCALATE,
    CANNOT_REASSIGN,
    NOBODY_ON_CALL,
    Refusal,
)
from pagebridge_sandbox.pagerduty.roles import STAKEHOLDERS

DIRECT, POLICY = "direct_assignment", "escalation_policy"


def reassign(account: Account, incident: Incident, actor: Actor, users: list[str]) -> None:
    """Assign to users, which ends the escalation. Nothing happens when it is theirs already in this way."""
    if incident.status is Status.RESOLVED:
        raise Refusal(CANNOT_REASSIGN, "Incident Cannot Be Reassigned", "Incident is resolved")
    require_assignable(account.directory, users)
    if incident.assigned_via == DIRECT and incident.assignees == users:
        return
    _move(account, incident, actor, users, DIRECT, ("assign", "reassigned"))


def delegate(account: Account, incident: Incident, actor: Actor, policy: Policy) -> None:
    """Give to an escalation policy, which begins at its first level, also if it is the same policy as before."""
    if incident.status is Status.RESOLVED:
        raise Refusal(CANNOT_REASSIGN, "Incident Cannot Be Reassigned", "Incident is resolved")
    users = on_call(account.directory, policy.levels, 1)
    incident.policy, incident.levels, incident.level, incident.loops = policy.id, policy.levels, 1, 0
    _move(account, incident, actor, users, POLICY, ("delegate", "delegated"))


def escalate(account: Account, incident: Incident, actor: Actor, level: int) -> None:
    """
    Escalate within the policy as it was when the incident took it; levels count from 1, and 0 means 1 as well.

    Only open incidents of high urgency that follow their policy can be escalated, to a level that exists and where
    somebody is on call.
    """
    level = level or 1
    following = incident.status is not Status.RESOLVED and incident.assigned_via == POLICY
    if not following or incident.urgency == "low" or not 1 <= level <= len(incident.levels):
        raise Refusal(CANNOT_ESCALATE, "Incident Cannot Be Escalated")
    users = on_call(account.directory, incident.levels, level)
    incident.level = level
    _move(account, incident, actor, users, POLICY, ("escalate", "escalated"))


def _move(
    account: Account, incident: Incident, actor: Actor, users: list[str], via: str, said: tuple[str, str]
) -> None:
    kind, change = said
    at = account.clock.tick()
    incident.assigned_via = via
    incident.assign(users, at)
    incident.updated = at
    if incident.status is Status.TRIGGERED:
        await_acknowledge(account, incident, at)
    account.record(kind, incident, actor, at, assignees=users)
    account.announce(change, incident, actor, at)


def on_call(directory: Directory, levels: tuple[tuple[str, ...], ...], level: int) -> list[str]:
    """Return who is on call at a level. Refused when nobody is."""
    users = levels[level - 1] if level <= len(levels) else ()
    present = [user for user in users if user in directory.users]
    if not present:
        raise Refusal(NOBODY_ON_CALL, "No User Is On Call At This Level")
    return present


def require_assignable(directory: Directory, users: list[str]) -> None:
    """Refuse to assign to nobody, to users who do not exist, or to stakeholders."""
    if not users or any(user not in directory.users for user in users):
        raise Refusal(ASSIGNEE_NOT_FOUND, "Assignee Not Found")
    if any(directory.users[user].role in STAKEHOLDERS for user in users):
        raise Refusal(CANNOT_REASSIGN, "Incident Cannot Be Reassigned", "A stakeholder cannot be assigned")
