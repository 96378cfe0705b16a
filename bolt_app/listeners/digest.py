"""The button of a digest card for one's own incidents: they are shown to who presses it, with one button for all."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.commands.interactive import Press, parse_press
from bolt_app.queries.acknowledge_mine import AcknowledgeMine
from bolt_app.queries.router import read_or_explain
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.replies.sender import reply_malformed, send_reply
from shared.errors import Malformed
from shared.slack.api.client import Slack
from shared.store.digests import Digests

log = structlog.get_logger()

UNREADABLE = "Nothing was acknowledged: the bridge couldn't read this button. Use PagerDuty"


@dataclass(frozen=True)
class DigestPresses:
    """Takes presses. Nothing is changed by one: what is acknowledged is what its answer shows, and its button."""

    slack: Slack
    digests: Digests
    mine: AcknowledgeMine
    command: str

    async def show_mine(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, then list what of the digest waits for the person's acknowledgement, or why that can't be told."""
        await ack()
        try:
            press = parse_press(body)
        except Malformed as error:
            await reply_malformed(self.slack, body, error, UNREADABLE)
            return
        answer = await read_or_explain("digest", self._answer(press), self.mine.identity.contact)
        await send_reply(self.slack, press, build_reply(answer) if isinstance(answer, str) else answer)

    async def _answer(self, press: Press) -> Reply:
        shared = await self.digests.entries(press.channel)
        return await self.mine.among(shared, press.by, self.command)
