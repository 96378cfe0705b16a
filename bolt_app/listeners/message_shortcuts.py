"""Shortcuts: a message from an incident's thread becomes a note, stored before Slack hears that it was taken."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bolt_app.commands.message_to_note import ADD_NOTE, MessageToNote
from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import malformed_text, respond
from bolt_app.slack_transport.inflight import InflightTracker
from bolt_app.write_path.command_intake import CommandIntake
from shared.errors import Malformed
from shared.model.outcome import Declined
from shared.slack.api.client import Slack

Body = dict[str, Any]


class Shortcuts:
    """Takes the uses of shortcuts."""

    def __init__(self, command_intake: CommandIntake, slack: Slack, message_to_note: MessageToNote) -> None:
        self._command_intake = command_intake
        self._slack = slack
        self._message_to_note = message_to_note

    async def add_note(self, ack: AsyncAck, body: Body) -> None:
        """Store the note that a message is to become, then ack; or say privately why there will be none."""
        try:
            command = await self._message_to_note.command(body)
        except (Declined, Malformed) as error:
            await ack()
            await self._reply_malformed(body, error)
            return
        await self._command_intake.accept(ack, command)

    async def _reply_malformed(self, body: Body, error: Declined | Malformed) -> None:
        if isinstance(error, Declined):
            text = f"{error.outcome.why} {error.outcome.next_step}."
        else:
            text = malformed_text(error, "This message couldn't be read, so no note was added")
        await respond(self._slack, body.get("response_url"), Reply(text))


def register(app: AsyncApp, shortcuts: Shortcuts, inflight: InflightTracker) -> None:
    """Listen to the message shortcut."""

    async def used(ack: AsyncAck, body: Body) -> None:
        with inflight.track():
            await shortcuts.add_note(ack, body)

    app.message_shortcut(ADD_NOTE)(used)
