"""The buttons on the Home tab that choose for which incidents a person gets direct messages."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.commands.interactive import parse_press
from bolt_app.queries.notify import Notify
from bolt_app.queries.router import read_or_explain
from bolt_app.replies.builder import build_reply
from bolt_app.replies.sender import send_reply
from shared.errors import Malformed, StoreDown
from shared.model.direct_card import Level
from shared.slack.render.buttons import NOTIFY
from shared.store.open_homes import OpenHomes

log = structlog.get_logger()


@dataclass(frozen=True)
class NotifyChoice:
    """Handles presses. The updated tab is the answer; a failure is answered by direct message."""

    notify: Notify
    open_homes: OpenHomes

    async def choose(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, store the choice, and ask for the tab to be read again; a failure is answered by direct message."""
        await ack()
        try:
            press = parse_press(body)
            level = Level(press.action_id.removeprefix(f"{NOTIFY}:"))
        except (Malformed, ValueError) as error:
            log.warning("event.ignored", why=str(error))
            return
        if wrong := await read_or_explain("notify", self.notify.choose(press.by, level), self.notify.identity.contact):
            await send_reply(self.notify.slack, press, build_reply(wrong))
        try:
            await self.open_homes.ask(press.by.id)
        except StoreDown as error:
            log.warning("store.down", during="asking for a Home tab", why=str(error))
