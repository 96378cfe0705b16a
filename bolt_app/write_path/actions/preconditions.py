"""Pure: whether a command would still do what its clicker meant, given the incident as PagerDuty shows it now."""

from bolt_app.write_path.actions.base import check_status, names
from bolt_app.write_path.actions.registry import HANDLERS
from shared.model.actions import SPECS
from shared.model.command import Command
from shared.model.event import DELEGATED, ESCALATED, REASSIGNED
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import line_time
from shared.pagerduty.models.incident import RestIncident


def check_precondition(command: Command, now: RestIncident, known: Incident) -> Outcome | None:
    """
    Return None if the command may proceed, else the outcome that declines it.

    A command that would undo a later state is stale: acknowledging a resolved incident would reopen it, and escalating
    one that was just escalated would skip a level. Asking for a state that is already there is not an error, but
    nothing is sent. `known` is the projection, which knows who did it.
    """
    found = check_status(command.action, now)
    if found is not None:
        return found
    seen, handler = command.params.expected_assignees, HANDLERS[command.action]
    if SPECS[command.action].changes_assignees and seen is not None and seen != now.snapshot.assignee_ids:
        return _assignees_changed(now, known)
    if handler.already_done(command, now):
        return Outcome(Kind.ALREADY, status=now.snapshot.status)
    return handler.not_possible(now)


def _assignees_changed(now: RestIncident, known: Incident) -> Outcome:
    """Return the outcome if the assignees are not those that the person saw."""
    moves = [line for line in known.lines if line.type in {ESCALATED, REASSIGNED, DELEGATED}]
    last = max(moves, key=line_time, default=None)
    who = last.agent.name if last is not None and last.agent else ""
    why = f"It is now assigned to {names(now.snapshot.assignees)}, which is not what you saw."
    return Outcome(Kind.STALE, why=why, actor=who, at_ms=last.at.ms if last else None, status=now.snapshot.status)
