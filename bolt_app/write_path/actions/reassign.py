"""Reassign to people, or to an escalation policy."""

from bolt_app.replies.builder import names
from bolt_app.write_path.actions.base import ActionContext, ActionHandler, ActionResult
from shared.model.command import Command
from shared.model.event import joined_ids
from shared.model.event_types import DELEGATED, REASSIGNED
from shared.model.ids import UserId
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import RestIncident


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
