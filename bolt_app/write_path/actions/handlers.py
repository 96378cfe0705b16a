"""
The handler of each action that changes an existing incident: one class for each, and at the end their table.

Escalating, which may have to ask for a level, has a module of its own, and so has a new incident (`trigger`).
"""

from collections.abc import Mapping

from bolt_app.replies.builder import names
from bolt_app.write_path.actions.base import ActionContext, ActionHandler, ActionResult, check_status
from bolt_app.write_path.actions.escalate import Escalate
from shared.errors import Malformed
from shared.model.actions import SPECS, Action
from shared.model.command import Command
from shared.model.event import (
    ACKNOWLEDGED,
    DELEGATED,
    REASSIGNED,
    RESOLVED,
    SNOOZED,
    Details,
    Status,
    digest,
    joined_ids,
)
from shared.model.ids import UserId
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events.details import responder
from shared.pagerduty.models.incident import ACKNOWLEDGEMENT_ENDS, RestIncident


class SetStatus(ActionHandler):
    """Sets the status that the action leads to."""

    def __init__(self, log_event: str) -> None:
        self.log_events = frozenset({log_event})

    def expected_detail(self, command: Command) -> str | None:
        """Return the status."""
        return str(SPECS[command.action].status)

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Set the status. The change is proven if PagerDuty shows a new one, made by this person."""
        action, text = context.command.action, context.command.params.text
        status = SPECS[action].status
        if status is None:
            raise Malformed(f"{action} leads to no state")
        answer = await pagerduty.set_status(context.command.incident, status, context.user.email, resolution=text)
        proven = status_is_ours(action, context.user.id, context.read_at.ms, answer.value)
        # A PUT that did nothing, because another person was quicker, answers 200 as well.
        changed = context.current.status_change != answer.value.status_change
        said: Details = (("resolution", text),) if text else ()
        by = answer.value.status_change.by if answer.value.status_change else None
        futile = check_status(action, answer.value) if by is not None and by.id != context.user.id else None
        return ActionResult(answer.value, said=said, proven=proven and changed, futile=futile)

    async def find_effect(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """Find the status, or else the log entry that it left."""
        if status_is_ours(context.command.action, context.user.id, since_ms, context.current):
            return ActionResult(context.current, proven=True)
        return await super().find_effect(pagerduty, context, since_ms)

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome, and the present status if it is another one by now."""
        if effect.incident is None and effect.at is not None:
            return Outcome(Kind.DONE, why=f"It has changed since and is {context.current.snapshot.status} now.")
        return Outcome(Kind.DONE)


def status_is_ours(action: Action, user: UserId, since_ms: int, now: RestIncident) -> bool:
    """True if an uncertain call of ours shows in PagerDuty's data: status, agent, and a change since then."""
    change = now.status_change
    if now.snapshot.status is not SPECS[action].status or change is None or change.by is None:
        return False
    return change.by.id == user and change.at.ms + change.at.span_ms > since_ms


class AddNote(ActionHandler):
    """Adds a note to the incident."""

    def expected_detail(self, command: Command) -> str | None:
        """Return the digest of the text."""
        return digest(command.params.text)

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Add the note."""
        text = context.command.params.text
        note = (await pagerduty.add_note(context.command.incident, text, context.user.email)).value
        return ActionResult(subject=note.id, at=note.created, said=(("text", text),), proven=True)

    async def find_effect(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """Find a note of this person with this text that no other command has made."""
        text = context.command.params.text
        taken = {line.subject for line in context.known.lines if line.command not in (None, context.command.id)}
        read = await pagerduty.notes(context.command.incident)
        for note in read.value:
            ours = note.user is not None and note.user.id == context.user.id and note.id not in taken
            if ours and note.created.end >= since_ms and digest(note.content) == digest(text):
                return ActionResult(subject=note.id, at=note.created, said=(("text", text),), proven=True)
        read.require_whole()
        return None


class PublishStatusUpdate(ActionHandler):
    """Publishes a status update. It leaves nothing that could be read, so only its echo shows its effect."""

    def expected_detail(self, command: Command) -> str | None:
        """Return the digest of the text."""
        return digest(command.params.text)

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Publish the update."""
        text = context.command.params.text
        update = (await pagerduty.publish_status_update(context.command.incident, text, context.user.email)).value
        return ActionResult(subject=update.id, at=update.created, said=(("text", text),), proven=True)


class Reassign(ActionHandler):
    """Changes the assignees."""

    log_events = frozenset({REASSIGNED, DELEGATED})

    def event_type(self, command: Command) -> str:
        """Return the type: PagerDuty reports a change of policy as a delegation."""
        return DELEGATED if command.params.policy is not None else super().event_type(command)

    def expected_detail(self, command: Command) -> str | None:
        """Return the new assignees; only PagerDuty knows whom a policy assigns."""
        return None if command.params.policy else joined_ids(person.id for person in command.params.people)

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Return the outcome if the assignees are these people already."""
        asked = frozenset(UserId(person.id) for person in command.params.people)
        there = bool(asked) and asked == now.snapshot.assignee_ids
        return Outcome(Kind.ALREADY, status=now.snapshot.status) if there else None

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Assign the incident."""
        people, policy = [UserId(person.id) for person in context.command.params.people], context.command.params.policy
        answer = await pagerduty.reassign(
            context.command.incident, context.user.email, assignees=people, policy=policy.id if policy else None
        )
        return ActionResult(answer.value)

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome with the new assignees."""
        if effect.incident is None:
            return super().outcome(context, effect)
        return Outcome(Kind.DONE, why=f"Now assigned to {names(effect.incident.snapshot.assignees)}.")


class AddResponders(ActionHandler):
    """Requests responders."""

    def expected_detail(self, command: Command) -> str | None:
        """Return the responder with the state in which a request begins."""
        people = command.params.people
        return responder(people[0].id, "pending") if people else None

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Return the outcome if all of them respond to the incident already, or are assigned to it."""
        asked = frozenset(UserId(person.id) for person in command.params.people)
        there = asked <= now.responders | now.snapshot.assignee_ids
        return Outcome(Kind.ALREADY, status=now.snapshot.status) if there else None

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Send the request."""
        user, people = context.user, [UserId(person.id) for person in context.command.params.people]
        message = context.command.params.text or f"Please help with {context.current.snapshot.title}"
        await pagerduty.request_responders(context.command.incident, user.id, message, people, user.email)
        return ActionResult()

    async def find_effect(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """Find the responders; they were not there before the call, or no call would have been made."""
        del pagerduty, since_ms
        asked = {person.id for person in context.command.params.people}
        return ActionResult(context.current) if asked <= context.current.responders else None

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome with the people who were asked."""
        del effect
        return Outcome(Kind.DONE, why=f"Asked: {names(context.command.params.people)}.")


class Snooze(ActionHandler):
    """Puts off the time at which the acknowledgement ends. PagerDuty sends no event for it, so there is no echo."""

    echoed = False
    log_events = frozenset({SNOOZED})

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Refuse unless the incident is acknowledged."""
        del command
        if now.snapshot.status is Status.ACKNOWLEDGED:
            return None
        why = "Only an acknowledged incident can be snoozed."
        return Outcome(Kind.REFUSED, why=why, next_step="Acknowledge it first, then snooze it")

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Snooze the incident."""
        command = context.command
        answer = (await pagerduty.snooze(command.incident, command.params.seconds, context.user.email)).value
        wakes = answer.due(ACKNOWLEDGEMENT_ENDS)
        return ActionResult(answer, said=(("until", str(wakes.ms)),) if wakes else (), proven=True)

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome with the time at which the snooze ends."""
        wakes = effect.incident.due(ACKNOWLEDGEMENT_ENDS) if effect.incident else None
        return Outcome(Kind.DONE, why="Snoozed until", at_ms=wakes.ms) if wakes else super().outcome(context, effect)


class SetPriority(ActionHandler):
    """Sets the priority."""

    def expected_detail(self, command: Command) -> str | None:
        """Return the id of the priority."""
        return command.params.priority.id if command.params.priority else ""

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Return the outcome if the incident has this priority already."""
        wanted, current = command.params.priority, now.snapshot.priority
        there = wanted is not None and current is not None and current.id == wanted.id
        return Outcome(Kind.ALREADY, status=now.snapshot.status) if there else None

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Set the priority."""
        priority = context.command.params.priority
        if priority is None:
            raise Malformed("a change to no priority")
        return ActionResult(
            (await pagerduty.set_priority(context.command.incident, priority.id, context.user.email)).value
        )

    async def find_effect(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """Find the priority; it was another one before the call, or no call would have been made."""
        del pagerduty, since_ms
        return ActionResult(context.current) if self.pointless(context.command, context.current) else None


HANDLERS: Mapping[Action, ActionHandler] = {
    Action.ACKNOWLEDGE: SetStatus(ACKNOWLEDGED),
    Action.RESOLVE: SetStatus(RESOLVED),
    Action.NOTE: AddNote(),
    Action.REASSIGN: Reassign(),
    Action.ESCALATE: Escalate(),
    Action.SNOOZE: Snooze(),
    Action.PRIORITY: SetPriority(),
    Action.ADD_RESPONDERS: AddResponders(),
    Action.STATUS_UPDATE: PublishStatusUpdate(),
}
