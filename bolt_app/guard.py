"""Pure: whether a command would still do what its clicker meant, given the incident as PagerDuty shows it now."""

from shared.model.command import Action
from shared.model.event import Status
from shared.model.ids import UserId
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.rest import RestIncident


def guard(action: Action, now: RestIncident) -> Outcome | None:
    """
    Return None when the command may go ahead, else why it may not.

    Acknowledging a resolved incident would reopen it, so that is stale; asking for the state that is there already is
    not an error, but nothing is sent.
    """
    status = now.snapshot.status
    if status is action.status:
        return _found(Kind.ALREADY, now)
    if status is Status.RESOLVED:
        return _found(Kind.STALE, now)
    return None


def took_effect(action: Action, user: UserId, since_ms: int, now: RestIncident) -> bool:
    """Tell whether an unclear call of ours shows in what PagerDuty says now: state, agent, and a change since then."""
    change = now.status_change
    if now.snapshot.status is not action.status or change is None or change.by is None:
        return False
    return change.by.id == user and change.at.ms + change.at.span > since_ms


def _found(kind: Kind, now: RestIncident) -> Outcome:
    change = now.status_change
    who = change.by.name if change and change.by else ""
    return Outcome(kind, who=who, at_ms=change.at.ms if change else None, status=now.snapshot.status)
