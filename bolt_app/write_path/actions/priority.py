"""Change the priority."""

from bolt_app.write_path.actions.base import ActionContext, ActionResult, ConditionalAction, Reported
from shared.errors import Malformed
from shared.model.command import Command
from shared.model.event_types import PRIORITY_UPDATED
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import RestIncident


class SetPriority(ConditionalAction):
    """Sets the priority."""

    def reported_as(self, command: Command) -> Reported:
        """Return the event of the new priority, with its id."""
        return Reported(PRIORITY_UPDATED, command.params.priority.id if command.params.priority else "")

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
