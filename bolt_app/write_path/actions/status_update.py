"""Publish a status update."""

from bolt_app.write_path.actions.base import ActionContext, ActionHandler, ActionResult
from shared.model.command import Command
from shared.model.event import digest
from shared.pagerduty.api.client import PagerDuty


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
