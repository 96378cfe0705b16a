"""
Buttons and menus.

What does something at once is stored, then acked: it is durable before Slack hears that it was taken. What asks for
more opens a dialog.
"""

import re
from collections.abc import Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bolt_app.commands import interactive
from bolt_app.commands.interactive import ONE_PRESS_ACTIONS, Press
from bolt_app.commands.retry import RetryResolver
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries.incident_details import IncidentDetails
from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import malformed_text, respond, send_reply
from bolt_app.slack_transport.inflight import InflightTracker
from bolt_app.write_path.command_intake import CommandIntake
from shared.errors import Malformed, StoreDown
from shared.model.command import Command
from shared.model.outcome import Declined
from shared.slack.api.client import Slack
from shared.slack.render.buttons import LEVEL, MENU, RETRY, ROW

log = structlog.get_logger()

Body = dict[str, Any]

STORE_DOWN = ":warning: *Not retried:* the bridge can't reach its database. Try again in a moment."


class BlockActions:
    """Takes presses."""

    def __init__(
        self,
        command_intake: CommandIntake,
        slack: Slack,
        modal_opener: ModalOpener,
        details: IncidentDetails,
        retry_resolver: RetryResolver,
    ) -> None:
        self._command_intake = command_intake
        self._slack = slack
        self._modal_opener = modal_opener
        self._details = details
        self._retry_resolver = retry_resolver

    async def run_command(self, ack: AsyncAck, body: Body, read: Callable[[Body], Command]) -> None:
        """Store what `read` makes of a press, then ack."""
        try:
            command = read(body)
        except Malformed as error:
            await ack()
            await self._reply_malformed(body, error)
            return
        await self._command_intake.accept(ack, command)

    async def open_modal(self, ack: AsyncAck, body: Body) -> None:
        """Ack, then open the dialog that a press asks for; nothing is lost with it."""
        await ack()
        try:
            asking = interactive.parse_modal_request(body)
        except Malformed as error:
            await self._reply_malformed(body, error)
            return
        if asking is None:
            return
        if asking.action is not None:
            await self._modal_opener.open(asking.action, asking.context, asking.trigger_id)
        elif asking.context.incident is not None:
            await self._details.open(asking.context.incident, asking.context, asking.by, asking.trigger_id)

    async def retry(self, ack: AsyncAck, body: Body) -> None:
        """Store what is left of an earlier command, then ack; or say why there is nothing to store, then ack."""
        try:
            again = interactive.parse_retry(body)
        except Malformed as error:
            await ack()
            await self._reply_malformed(body, error)
            return
        try:
            command = await self._retry_resolver.command(again)
        except Declined as declined:
            await self._send_text(ack, again.press, f"{declined.outcome.why} {declined.outcome.next_step}.")
        except (StoreDown, TimeoutError) as error:
            log.error("retry.not_read", command=again.command, incident=again.incident, why=repr(error))
            await self._send_text(ack, again.press, STORE_DOWN)
        else:
            await self._command_intake.accept(ack, command)

    async def _send_text(self, ack: AsyncAck, press: Press, text: str) -> None:
        """
        Send the reason why a press did nothing, then ack.

        If the reply fails, do not ack, so that Slack shows its warning.
        """
        if await send_reply(self._slack, press, Reply(text)):
            await ack()

    async def _reply_malformed(self, body: Body, error: Malformed) -> None:
        text = malformed_text(error, "This button couldn't be read, so nothing was done. Use PagerDuty")
        await respond(self._slack, body.get("response_url"), Reply(text))


def register(app: AsyncApp, actions: BlockActions, inflight: InflightTracker) -> None:
    """Listen to the buttons and menus of cards and answers."""

    async def pressed(ack: AsyncAck, body: Body) -> None:
        with inflight.track():
            await actions.run_command(ack, body, interactive.command_from_button)

    async def level_chosen(ack: AsyncAck, body: Body) -> None:
        with inflight.track():
            await actions.run_command(ack, body, interactive.command_from_level_button)

    async def tried_again(ack: AsyncAck, body: Body) -> None:
        with inflight.track():
            await actions.retry(ack, body)

    async def asked(ack: AsyncAck, body: Body) -> None:
        with inflight.track():
            await actions.open_modal(ack, body)

    for action in ROW:
        app.action(f"pagebridge:{action}")(pressed if action in ONE_PRESS_ACTIONS else asked)
    app.action(MENU)(asked)
    app.action(re.compile(rf"{LEVEL}:\d+"))(level_chosen)
    app.action(RETRY)(tried_again)
