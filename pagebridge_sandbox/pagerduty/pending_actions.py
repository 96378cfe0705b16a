"""The changes that time makes to an incident: acknowledgement timeout, escalation, automatic resolve."""

from datetime import datetime, timedelta

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.responses import INVALID_SNOOZE, NOT_ACKNOWLEDGED, ApiError

MAX_SNOOZE = 7 * 24 * 3600
"""Seconds (OpenAPI, snooze)."""


def schedule_auto_resolve(account: Account, incident: Incident, at: datetime) -> None:
    """Begin to count until an open incident is resolved by itself, where its service wants that."""
    seconds = account.directory.service(incident.service).auto_resolve_timeout
    if seconds is not None:
        incident.pending_actions["resolve"] = at + timedelta(seconds=seconds)


def schedule_escalation(account: Account, incident: Incident, at: datetime) -> None:
    """Begin to count until the next level is paged. A direct assignment or a low urgency never escalates."""
    for action in ("unacknowledge", "escalate"):
        incident.pending_actions.pop(action, None)
    delay = account.directory.policy(incident.policy).delay
    follows_policy = incident.status is Status.TRIGGERED and incident.assigned_via == "escalation_policy"
    if follows_policy and incident.urgency == "high" and delay is not None:
        incident.pending_actions["escalate"] = at + timedelta(minutes=delay)


def schedule_acknowledgement_timeout(account: Account, incident: Incident, at: datetime) -> None:
    """Begin to count until an acknowledge runs out, where the service wants that."""
    incident.pending_actions.pop("escalate", None)
    seconds = account.directory.service(incident.service).acknowledgement_timeout
    if seconds is not None:
        incident.pending_actions["unacknowledge"] = at + timedelta(seconds=seconds)


def snooze(account: Account, incident: Incident, actor: Actor, seconds: int) -> None:
    """Let an acknowledge last so many seconds from now, of which no event tells."""
    if incident.status is not Status.ACKNOWLEDGED:
        raise ApiError(NOT_ACKNOWLEDGED, "Incident Not Acknowledged", "Only acknowledged incidents can be snoozed")
    if not 1 <= seconds <= MAX_SNOOZE:
        raise ApiError(INVALID_SNOOZE, "Invalid Snooze Duration", f"duration must be from 1 to {MAX_SNOOZE} seconds")
    at = account.clock.tick()
    incident.pending_actions["unacknowledge"] = until = at + timedelta(seconds=seconds)
    incident.updated = at
    account.add_log_entry("snooze", incident, actor, at, changed_actions={"unacknowledge": until})
