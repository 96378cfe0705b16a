"""Publish a status update."""

from bolt_app.write_path.actions.base import ActionContext, ActionHandler, ActionResult, Reported
from shared.model.command import Command
from shared.model.event import digest
from shared.model.event_types import STATUS_UPDATE
from shared.pagerduty.api.client import PagerDuty


class PublishStatusUpdate(ActionHandler):
    """Publishes a status update. It leaves nothing that could be read, so only its echo shows its effect."""

    def reported_as(self, command: Command) -> Reported:
        """Return the event of a status update, with the digest of the text."""
        return Reported(STATUS_UPDATE, digest(command.params.text))

    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Publish the update."""
        text = context.command.params.text
        update = (await pagerduty.publish_status_update(context.command.incident, text, context.user.email)).value
        return ActionResult(subject=update.id, at=update.created, said=(("text", text),), proven=True)
