"""Buttons: store the click, then ack. The click is durable before Slack hears that it was taken."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bolt_app.direct import Direct
from bolt_app.in_hand import InHand
from bolt_app.intake import Intake
from bolt_app.translate import button
from shared.errors import CallError, Malformed
from shared.log import reference
from shared.model.command import Action
from shared.slack.client import Slack

log = structlog.get_logger()


def register(app: AsyncApp, intake: Intake, direct: Direct, slack: Slack, in_hand: InHand) -> None:
    """Listen to the buttons of the cards."""

    async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        with in_hand.one():
            await taken(ack, body)

    async def taken(ack: AsyncAck, body: dict[str, Any]) -> None:
        try:
            command = button(body)
        except Malformed as error:
            await ack()
            await _sorry(slack, body, error)
            return
        stored = await intake.accept(command)
        await ack()
        if not stored:
            await direct.handle(command)

    async def opened(ack: AsyncAck) -> None:
        """Ack the button that only opens a page: Slack reports it like any other."""
        await ack()

    for action in Action:
        app.action(f"pagebridge:{action}")(pressed)
    app.action("pagebridge:open")(opened)


async def _sorry(slack: Slack, body: dict[str, Any], error: Malformed) -> None:
    quoted = reference()
    log.error("click.unreadable", why=str(error), reference=quoted)
    text = f"This button could not be read, so nothing was done. Use PagerDuty itself (reference `{quoted}`)."
    try:
        await slack.respond(str(body.get("response_url") or ""), text=text)
    except CallError as lost:
        log.warning("reply.lost", why=str(lost), reference=quoted)
