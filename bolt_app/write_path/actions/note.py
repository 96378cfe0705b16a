"""Add a note."""

from bolt_app.write_path.actions.base import ActionContext, ActionHandler, ActionResult, Reported
from shared.model.command import Command
from shared.model.event import digest
from shared.model.event_types import ANNOTATED
from shared.pagerduty.api.client import PagerDuty


class AddNote(ActionHandler):
    """Adds a note to the incident."""

    def reported_as(self, command: Command) -> Reported:
        """Return the event of a note, with the digest of the text."""
        return Reported(ANNOTATED, digest(command.params.text))

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
