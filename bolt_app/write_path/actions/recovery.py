"""How the effect of an act is found again at PagerDuty when its answer was lost, and what came of it, in words."""

from bolt_app.write_path.actions.preconditions import check_precondition, status_is_ours
from bolt_app.write_path.actions.registry import ActionContext, ActionResult, event_type
from shared.model.command import Action
from shared.model.event import Instant, Ref, digest
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import distance_ms
from shared.pagerduty.api.client import PagerDuty

LOG_ENTRY_TYPES = {
    Action.ACKNOWLEDGE: frozenset({"acknowledge_log_entry"}),
    Action.RESOLVE: frozenset({"resolve_log_entry"}),
    Action.REASSIGN: frozenset({"assign_log_entry", "delegate_log_entry"}),
    Action.ESCALATE: frozenset({"escalate_log_entry"}),
    Action.SNOOZE: frozenset({"snooze_log_entry"}),
}
"""The log entries by which PagerDuty remembers what has no id of its own, and what has been undone since."""


async def find_effect(pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
    """
    Look for the effect of an unclear call made after `since_ms`, on PagerDuty's clock; None if there is none so far.

    A status update leaves nothing that could be read, so only its echo can tell.
    """
    action = context.command.action
    if action.status is not None and status_is_ours(action, context.user.id, since_ms, context.current):
        return ActionResult(context.current, proven=True)
    if action is Action.NOTE:
        return await _find_note(pagerduty, context, since_ms)
    if action in LOG_ENTRY_TYPES:
        return await _find_log_entry(pagerduty, context, since_ms)
    return ActionResult(context.current) if _is_in_effect(context) else None


def outcome_of(context: ActionContext, effect: ActionResult) -> Outcome:
    """Return the outcome of a completed command."""
    after, level = effect.incident, context.terms.level
    match context.command.action:
        case Action.ESCALATE if after is not None and level is not None:
            return Outcome(Kind.DONE, why=_escalated(context, after.snapshot.assignees, level))
        case Action.REASSIGN if after is not None:
            return Outcome(Kind.DONE, why=f"Assigned now: {_names(after.snapshot.assignees)}.")
        case Action.SNOOZE if after is not None and (wakes := after.due("unacknowledge")) is not None:
            return Outcome(Kind.DONE, why="It wakes", at_ms=wakes.ms)
        case Action.ACKNOWLEDGE | Action.RESOLVE if after is None and effect.at is not None:
            return Outcome(Kind.DONE, why=f"It has been changed since: it is {context.current.snapshot.status} now.")
        case Action.ADD_RESPONDERS:
            return Outcome(Kind.DONE, why=f"Asked: {_names(context.terms.people)}.")
        case _:
            return Outcome(Kind.DONE)


def done_by_other(context: ActionContext, effect: ActionResult) -> Outcome | None:
    """Return the outcome if another person set the state a moment earlier: a PUT without effect also answers 200."""
    if context.command.action.status is None or effect.incident is None:
        return None
    change = effect.incident.status_change
    if change is None or change.by is None or change.by.id == context.user.id:
        return None
    return check_precondition(context.command, effect.incident, context.known)


async def _find_note(pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
    """Find a note of this person with this text that no other command has made."""
    taken = {line.subject for line in context.known.lines if line.command not in (None, context.command.id)}
    for note in (await pagerduty.notes(context.command.incident)).value:
        ours = note.user is not None and note.user.id == context.user.id and note.id not in taken
        if ours and note.created.end >= since_ms and digest(note.content) == digest(context.terms.text):
            said = (("text", context.terms.text),)
            return ActionResult(subject=note.id, at=note.created, said=said, proven=True)
    return None


async def _find_log_entry(pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
    """
    Find a log entry of this person, of the kind that the act leaves, that tells of no other command.

    A state that is found only there has been undone since, so the present incident is no part of the effect.
    """
    action = context.command.action
    for entry in await pagerduty.log_entries(context.command.incident, since_ms=since_ms):
        ours = entry.agent is not None and entry.agent.id == context.user.id and entry.type in LOG_ENTRY_TYPES[action]
        if ours and entry.at.end >= since_ms and not _belongs_to_other_command(context, entry.at):
            undone = action.status is not None
            return ActionResult(
                None if undone else context.current, at=entry.at, proven=undone or action is Action.SNOOZE
            )
    return None


def _belongs_to_other_command(context: ActionContext, at: Instant) -> bool:
    """True if another command caused the log entry of that second."""
    others = (line for line in context.known.lines if line.command not in (None, context.command.id))
    return any(line.type == event_type(context.command) and distance_ms(line.at, at) == 0 for line in others)


def _is_in_effect(context: ActionContext) -> bool:
    """True if the requested change is in effect now; it was not before the call, or no call would have been made."""
    terms = context.terms
    match context.command.action:
        case Action.PRIORITY:
            current = context.current.snapshot.priority
            return terms.priority is not None and current is not None and current.id == terms.priority.id
        case Action.ADD_RESPONDERS:
            return {person.id for person in terms.people} <= context.current.responders
        case _:
            return False


def _escalated(context: ActionContext, assignees: tuple[Ref, ...], level: int) -> str:
    if frozenset(ref.id for ref in assignees) == context.current.snapshot.assignee_ids:
        return f"It is still assigned to {_names(assignees)}: nobody else may be on call at level {level}."
    return f"Paged now, at level {level}: {_names(assignees)}."


def _names(people: tuple[Ref, ...]) -> str:
    return " and ".join(person.name or person.id for person in people) or "nobody"
