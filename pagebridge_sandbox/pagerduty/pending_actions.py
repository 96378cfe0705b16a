"""What will happen to an incident by itself, and when: an acknowledge runs out, it escalates, it is resolved."""

from datetime import datetime, timedelta

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.responses import BAD_SNOOZE, NOT_ACKNOWLEDGED, Refusal

LONGEST_SNOOZE = 7 * 24 * 3600
"""Seconds (OpenAPI, snooze)."""


def await_resolution(account: Account, incident: Incident, at: datetime) -> None:
    """Begin to count until an open incident is resolved by itself, where its service wants that."""
    seconds = account.directory.service(incident.service).auto_resolve_timeout
    if seconds is not None:
        incident.pending["resolve"] = at + timedelta(seconds=seconds)


def await_acknowledge(account: Account, incident: Incident, at: datetime) -> None:
    """Begin to count until the next level is paged. A direct assignment or a low urgency never escalates."""
    for action in ("unacknowledge", "escalate"):
        incident.pending.pop(action, None)
    delay = account.directory.policy(incident.policy).delay
    following = incident.status is Status.TRIGGERED and incident.assigned_via == "escalation_policy"
    if following and incident.urgency == "high" and delay is not None:
        incident.pending["escalate"] = at + timedelta(minutes=delay)


def await_work(account: Account, incident: Incident, at: datetime) -> None:
    """Begin to count until an acknowledge runs out, where the service wants that."""
    incident.pending.pop("escalate", None)
    seconds = account.directory.service(incident.service).acknowledgement_timeout
    if seconds is not None:
        incident.pending["unacknowledge"] = at + timedelta(seconds=seconds)


def snooze(account: Account, incident: Incident, actor: Actor, seconds: int) -> None:
    """Let an acknowledge last so many seconds from now, of which no event tells."""
    if incident.status is not Status.ACKNOWLEDGED:
        raise Refusal(NOT_ACKNOWLEDGED, "Incident Not Acknowledged", "Only acknowledged incidents can be snoozed")
    if not 1 <= seconds <= LONGEST_SNOOZE:
        raise Refusal(BAD_SNOOZE, "Invalid Snooze Duration", f"duration must be from 1 to {LONGEST_SNOOZE} seconds")
    at = account.clock.tick()
    incident.pending["unacknowledge"] = until = at + timedelta(seconds=seconds)
    incident.updated = at
    account.record("snooze", incident, actor, at, changed_actions={"unacknowledge": until})
