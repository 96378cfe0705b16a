"""Ask people to respond to an incident."""

from bolt_app.replies.builder import names
from bolt_app.write_path.actions.base import ActionContext, ActionResult, ConditionalAction, Reported
from shared.model.command import Command
from shared.model.event_types import RESPONDER_ADDED
from shared.model.ids import UserId
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.events.details import responder
from shared.pagerduty.models.incident import RestIncident


class AddResponders(ConditionalAction):
    """Requests responders."""

    def reported_as(self, command: Command) -> Reported:
        """Return the event of the responder, with the state in which a request begins."""
        people = command.params.people
        return Reported(RESPONDER_ADDED, responder(people[0].id, "pending") if people else None)

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Return the outcome if all of them respond to the incident already, or are assigned to it."""
        asked = frozenset(UserId(person.id) for person in command.params.people)
        there = bool(asked) and asked <= now.responders | now.snapshot.assignee_ids
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
