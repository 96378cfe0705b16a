"""Reassign to people, or to an escalation policy."""

from bolt_app.replies.builder import names
from bolt_app.write_path.actions.base import ActionContext, ActionResult, ConditionalAction, Reported
from shared.model.command import Command
from shared.model.event import joined_ids
from shared.model.event_types import DELEGATED, REASSIGNED
from shared.model.ids import UserId
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import RestIncident


class Reassign(ConditionalAction):
    """Changes the assignees."""

    log_events = frozenset({REASSIGNED, DELEGATED})

    def reported_as(self, command: Command) -> Reported:
        """Return the event with the new assignees. A change of policy is a delegation, to whom only PagerDuty knows."""
        if command.params.policy is not None:
            return Reported(DELEGATED)
        return Reported(REASSIGNED, joined_ids(person.id for person in command.params.people))

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
