"""Note that a person is still on an acknowledged incident; PagerDuty is sent nothing."""

from bolt_app.write_path.actions.base import ActionContext, ActionResult, ConditionalAction, unless_acknowledged
from shared.model.command import Command
from shared.model.outcome import Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.incident import RestIncident


class StillOnIt(ConditionalAction):
    """Answers the thread's question whether an incident is still worked on."""

    echoed = False

    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Refuse unless the incident is acknowledged."""
        del command
        return unless_acknowledged(now, "Nobody has acknowledged it.", "Acknowledge it")

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Give it the time at which the incident was read: what follows is the line in its thread."""
        del pagerduty
        return ActionResult(at=context.read_at, proven=True)
