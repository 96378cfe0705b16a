"""Buttons and menus: what does something at once is stored, then acked; what asks for more opens a dialog."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.commands import interactive
from bolt_app.commands.interactive import Press
from bolt_app.commands.retry import retry_command
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries.incident_details import IncidentDetails
from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import reply_malformed, send_reply
from bolt_app.write_path.command_intake import CommandIntake
from shared.durations import Durations
from shared.errors import Malformed, StoreDown
from shared.model.command import CommandQueue
from shared.model.outcome import Declined, Kind
from shared.slack.api.client import Slack
from shared.store.documents import Documents

log = structlog.get_logger()

Body = dict[str, Any]

UNREADABLE = "Nothing was done: the bridge couldn't read this button. Use PagerDuty"
STORE_DOWN = ":warning: *Not retried:* the bridge can't reach its database. Try again in a moment."


@dataclass(frozen=True)
class BlockActions:
    """Takes presses."""

    command_intake: CommandIntake
    slack: Slack
    modal_opener: ModalOpener
    details: IncidentDetails
    command_queues: Documents[CommandQueue]
    durations: Durations

    async def act(self, ack: AsyncAck, body: Body) -> None:
        """Store the command that a press means, then ack."""
        try:
            command = interactive.command_from_button(body)
        except Malformed as error:
            await ack()
            await reply_malformed(self.slack, body, error, UNREADABLE)
            return
        await self.command_intake.accept(ack, command)

    async def open_modal(self, ack: AsyncAck, body: Body) -> None:
        """Ack, then open the dialog that a press asks for; nothing is lost with it."""
        await ack()
        try:
            asking = interactive.parse_modal_request(body)
        except Malformed as error:
            await reply_malformed(self.slack, body, error, UNREADABLE)
            return
        if asking is None:
            return
        if asking.action is not None:
            await self.modal_opener.open(asking.action, asking.context, asking.by, asking.trigger_id, text=asking.text)
        elif asking.context.incident is not None:
            await self.details.open(asking.context.incident, asking.context, asking.by, asking.trigger_id)

    async def retry(self, ack: AsyncAck, body: Body) -> None:
        """Store what is left of an earlier command, then ack; or say why there is nothing to store, then ack."""
        try:
            again = interactive.parse_retry(body)
        except Malformed as error:
            await ack()
            await reply_malformed(self.slack, body, error, UNREADABLE)
            return
        try:
            async with asyncio.timeout(self.durations.store_timeout):
                queue = (await self.command_queues.load(again.incident)).value
            command = retry_command(queue, again)
        except Declined as declined:
            # Unless it is done, the answer that was pressed is still true, and holds what the person wrote.
            done = declined.outcome.kind is Kind.ALREADY
            await self._send_text(ack, replace(again.press, on_answer=again.press.on_answer and done), declined.text)
        except (StoreDown, TimeoutError) as error:
            log.error("retry.not_read", command=again.command, incident=again.incident, why=repr(error))
            await self._send_text(ack, replace(again.press, on_answer=False), STORE_DOWN)
        else:
            await self.command_intake.accept(ack, command)

    async def _send_text(self, ack: AsyncAck, press: Press, text: str) -> None:
        """Send the reason why a press did nothing, then ack; without a reply do not ack: Slack shows its warning."""
        if await send_reply(self.slack, press, Reply(text)):
            await ack()
