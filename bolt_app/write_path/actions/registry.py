"""
How each kind of action is done at PagerDuty: what it will cause, its one call, and how its effect is found again.

Nothing here decides whether a call may be made, or made again: that is the same for all of them, in `attempting`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bolt_app.write_path.actions.preconditions import status_is_ours
from shared.errors import Malformed
from shared.model.command import Action, ActionParams, Command
from shared.model.event import (
    ACKNOWLEDGED,
    ANNOTATED,
    DELEGATED,
    ESCALATED,
    PRIORITY_UPDATED,
    REASSIGNED,
    RESOLVED,
    RESPONDER_ADDED,
    SNOOZED,
    STATUS_UPDATE,
    TRIGGERED,
    Details,
    Instant,
    digest,
    joined_ids,
)
from shared.model.ids import UserId
from shared.model.incident import Incident
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events.details import responder
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.user import User

EVENT_TYPE = {
    Action.ACKNOWLEDGE: ACKNOWLEDGED,
    Action.NOTE: ANNOTATED,
    Action.REASSIGN: REASSIGNED,
    Action.ESCALATE: ESCALATED,
    Action.RESOLVE: RESOLVED,
    Action.ADD_RESPONDERS: RESPONDER_ADDED,
    Action.SNOOZE: SNOOZED,
    Action.PRIORITY: PRIORITY_UPDATED,
    Action.STATUS_UPDATE: STATUS_UPDATE,
    Action.TRIGGER: TRIGGERED,
}
"""The event by which PagerDuty reports each action; a snooze it does not report at all."""
REQUEST = {
    Action.ACKNOWLEDGE: "PUT /incidents/{id} status",
    Action.NOTE: "POST /incidents/{id}/notes content",
    Action.REASSIGN: "PUT /incidents/{id} assignments or escalation_policy",
    Action.ESCALATE: "PUT /incidents/{id} escalation_level",
    Action.RESOLVE: "PUT /incidents/{id} status, resolution",
    Action.ADD_RESPONDERS: "POST /incidents/{id}/responder_requests",
    Action.SNOOZE: "POST /incidents/{id}/snooze duration",
    Action.PRIORITY: "PUT /incidents/{id} priority",
    Action.STATUS_UPDATE: "POST /incidents/{id}/status_updates message",
    Action.TRIGGER: "POST /incidents",
}
"""The request of each action, for the audit: never with people's text."""


@dataclass(frozen=True)
class ActionResult:
    """
    What PagerDuty shows of an action: in its response, or when the effect was looked up later.

    `incident` is set if the whole incident was returned. `subject` is the id of the created object, `at` its time.
    `proven` is true if the change is certainly ours.
    """

    incident: RestIncident | None = None
    subject: str = ""
    at: Instant | None = None
    said: Details = ()
    proven: bool = False

    def changed_since(self, read: Instant) -> bool:
        """True if PagerDuty shows a change since `read_at`: a call that changed nothing also succeeds."""
        updated = self.incident.updated if self.incident else None
        return updated is not None and not updated.surely_before(read)

    @property
    def changed_at(self) -> Instant | None:
        """The time of the change, as far as PagerDuty told it."""
        return self.at or (self.incident.updated if self.incident else None)


@dataclass(frozen=True)
class ActionContext:
    """Everything that an act rests on: the command, who gives it, and how things stood before it."""

    command: Command
    user: User
    current: RestIncident
    read_at: Instant
    known: Incident

    @property
    def terms(self) -> ActionParams:
        """The parameters of the action."""
        return self.command.params


def event_type(command: Command) -> str:
    """Name the event by which PagerDuty will report a command."""
    delegates = command.action is Action.REASSIGN and command.params.policy is not None
    return DELEGATED if delegates else EVENT_TYPE[command.action]


def expected_detail(command: Command) -> str | None:
    """Return the detail that the resulting event will have; None if only PagerDuty knows it."""
    terms = command.params
    match command.action:
        case Action.ACKNOWLEDGE | Action.RESOLVE:
            return str(command.action.status)
        case Action.NOTE | Action.STATUS_UPDATE:
            return digest(terms.text)
        case Action.REASSIGN:
            return None if terms.policy else joined_ids(person.id for person in terms.people)
        case Action.PRIORITY:
            return terms.priority.id if terms.priority else ""
        case Action.ADD_RESPONDERS:
            return responder(terms.people[0].id, "pending") if terms.people else None
        case _:
            return None


async def _set_status(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    status = context.command.action.status
    if status is None:
        raise Malformed(f"{context.command.action} leads to no state")
    answer = await pagerduty.set_status(
        context.command.incident, status, context.user.email, resolution=context.terms.text
    )
    proven = status_is_ours(context.command.action, context.user.id, context.read_at.ms, answer.value)
    # A PUT that did nothing answers 200 as well.
    changed = context.current.status_change != answer.value.status_change
    said: Details = (("resolution", context.terms.text),) if context.terms.text else ()
    return ActionResult(answer.value, said=said, proven=proven and changed)


async def _note(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    note = (await pagerduty.add_note(context.command.incident, context.terms.text, context.user.email)).value
    return ActionResult(subject=note.id, at=note.created, said=_text(context.terms), proven=True)


async def _reassign(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    people, policy = [UserId(person.id) for person in context.terms.people], context.terms.policy
    answer = await pagerduty.reassign(
        context.command.incident, context.user.email, assignees=people, policy=policy.id if policy else None
    )
    return ActionResult(answer.value)


async def _escalate(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    if context.terms.level is None:
        raise Malformed("an escalation to no level")
    return ActionResult(
        (await pagerduty.escalate(context.command.incident, context.terms.level, context.user.email)).value
    )


async def _snooze(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    answer = (await pagerduty.snooze(context.command.incident, context.terms.seconds, context.user.email)).value
    wakes = answer.due("unacknowledge")
    return ActionResult(answer, said=(("until", str(wakes.ms)),) if wakes else (), proven=True)


async def _set_priority(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    if context.terms.priority is None:
        raise Malformed("a change to no priority")
    return ActionResult(
        (await pagerduty.set_priority(context.command.incident, context.terms.priority.id, context.user.email)).value
    )


async def _request_responders(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    people = [UserId(person.id) for person in context.terms.people]
    message = context.terms.text or f"Please help with {context.current.snapshot.title}"
    await pagerduty.request_responders(context.command.incident, context.user.id, message, people, context.user.email)
    return ActionResult()


async def _publish_status_update(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    update = (
        await pagerduty.publish_status_update(context.command.incident, context.terms.text, context.user.email)
    ).value
    return ActionResult(subject=update.id, at=update.created, said=_text(context.terms), proven=True)


_SEND: Mapping[Action, Callable[[PagerDuty, ActionContext], Awaitable[ActionResult]]] = {
    Action.ACKNOWLEDGE: _set_status,
    Action.RESOLVE: _set_status,
    Action.NOTE: _note,
    Action.REASSIGN: _reassign,
    Action.ESCALATE: _escalate,
    Action.SNOOZE: _snooze,
    Action.PRIORITY: _set_priority,
    Action.ADD_RESPONDERS: _request_responders,
    Action.STATUS_UPDATE: _publish_status_update,
}


async def send(pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
    """Make the one call of the act. Raises what the door raises."""
    return await _SEND[context.command.action](pagerduty, context)


def _text(terms: ActionParams) -> Details:
    return (("text", terms.text),)
