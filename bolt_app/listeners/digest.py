"""The button "Acknowledge mine" of a digest card: it shows a person their incidents, with one button for all."""

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
    """Handles presses. One changes nothing: its answer lists the incidents, with a button that acknowledges them."""

    slack: Slack
    digests: Digests
    mine: AcknowledgeMine
    command: str

    async def show_mine(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, then list the incidents of the digest that wait for the person, or reply why they can't be listed."""
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
