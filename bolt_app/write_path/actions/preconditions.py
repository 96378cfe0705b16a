"""Pure: whether a command would still do what its clicker meant, given the incident as PagerDuty shows it now."""

from shared.model.command import Action, Command
from shared.model.event import DELEGATED, ESCALATED, REASSIGNED, Status
from shared.model.ids import UserId
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import line_time
from shared.pagerduty.models.incident import RestIncident

ALL_STATUSES = frozenset({Action.NOTE, Action.STATUS_UPDATE})
"""Actions that also apply to a resolved incident, without reopening it."""
REASSIGNING = frozenset({Action.REASSIGN, Action.ESCALATE})
"""Actions that change who is paged, and so depend on the current assignees."""


def check_precondition(command: Command, now: RestIncident, known: Incident) -> Outcome | None:
    """
    Return None if the command may proceed, else the outcome that declines it.

    A command that would undo a later state is stale: acknowledging a resolved incident would reopen it, and escalating
    one that was just escalated would skip a level. Asking for a state that is already there is not an error, but
    nothing is sent. `known` is the projection, which knows who did it.
    """
    action, status = command.action, now.snapshot.status
    if action.status is not None and status is action.status:
        return _outcome(Kind.ALREADY, now)
    if status is Status.RESOLVED and action not in ALL_STATUSES:
        return _outcome(Kind.STALE, now)
    if action in REASSIGNING and _status_conflict(command, now):
        return _assignees_changed(now, known)
    if _already_done(command, now):
        return Outcome(Kind.ALREADY, status=status)
    return _not_possible(action, now)


def status_is_ours(action: Action, user: UserId, since_ms: int, now: RestIncident) -> bool:
    """True if an uncertain call of ours shows in PagerDuty's data: state, agent, and a change since then."""
    change = now.status_change
    if now.snapshot.status is not action.status or change is None or change.by is None:
        return False
    return change.by.id == user and change.at.ms + change.at.span_ms > since_ms


def _status_conflict(command: Command, now: RestIncident) -> bool:
    """Return the outcome if the assignees are not those that the person saw."""
    seen = command.params.expected_assignees
    return seen is not None and seen != now.snapshot.assignee_ids


def _assignees_changed(now: RestIncident, known: Incident) -> Outcome:
    moves = [line for line in known.lines if line.type in {ESCALATED, REASSIGNED, DELEGATED}]
    last = max(moves, key=line_time, default=None)
    whom = " and ".join(ref.name or ref.id for ref in now.snapshot.assignees) or "nobody"
    who = last.agent.name if last is not None and last.agent else ""
    why = f"It is assigned to {whom} now, which is not what you saw when you pressed."
    return Outcome(Kind.STALE, why=why, actor=who, at_ms=last.at.ms if last else None, status=now.snapshot.status)


def _already_done(command: Command, now: RestIncident) -> bool:
    """True if the requested state is already there."""
    terms = command.params
    asked = frozenset(UserId(person.id) for person in terms.people)
    match command.action:
        case Action.REASSIGN:
            return bool(asked) and asked == now.snapshot.assignee_ids
        case Action.ADD_RESPONDERS:
            return asked <= now.responders | now.snapshot.assignee_ids
        case Action.PRIORITY:
            current = now.snapshot.priority
            return terms.priority is not None and current is not None and current.id == terms.priority.id
        case _:
            return False


def _not_possible(action: Action, now: RestIncident) -> Outcome | None:
    """Return the outcome for what PagerDuty does not allow in this state."""
    if action is Action.SNOOZE and now.snapshot.status is not Status.ACKNOWLEDGED:
        why = "PagerDuty snoozes only what somebody has acknowledged."
        return Outcome(Kind.REFUSED, why=why, next_step="Acknowledge it first, then snooze it")
    if action is Action.ESCALATE and now.snapshot.urgency == "low":
        why = "Its urgency is low, and PagerDuty does not escalate such incidents."
        return Outcome(Kind.REFUSED, why=why, next_step="Raise its urgency in PagerDuty, or reassign it")
    if action is Action.ESCALATE and now.assigned_via == "direct_assignment":
        why = "It was assigned to somebody directly, so it follows no escalation policy."
        return Outcome(Kind.REFUSED, why=why, next_step="Reassign it to an escalation policy")
    return None


def _outcome(kind: Kind, now: RestIncident) -> Outcome:
    change = now.status_change
    who = change.by.name if change and change.by else ""
    return Outcome(kind, actor=who, at_ms=change.at.ms if change else None, status=now.snapshot.status)
