"""The button "Link" on the answer to a person who is not linked, and those with which an admin decides about a link."""

from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck

from bolt_app.commands.interactive import parse_press, parse_retry
from bolt_app.linking.approvals import Approvals
from bolt_app.linking.sign_ins import SignIns
from bolt_app.queries.router import read_or_explain
from bolt_app.replies.builder import build_reply
from bolt_app.replies.sender import reply_malformed, respond, send_reply
from shared.errors import Malformed
from shared.model.link import RefusedPress
from shared.slack.api.client import Slack
from shared.slack.render.buttons import APPROVE_LINK, LINK_YOURSELF

UNREADABLE = "Nothing was linked: the bridge couldn't read this button"


@dataclass(frozen=True)
class Linking:
    """Handles presses. One that is lost with its worker can be pressed again."""

    sign_ins: SignIns
    approvals: Approvals
    slack: Slack

    async def begin(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, then reply with how to link oneself."""
        await ack()
        try:
            asked = parse_retry(body, LINK_YOURSELF)
        except Malformed as error:
            await reply_malformed(self.slack, body, error, UNREADABLE)
            return
        way = self.sign_ins if self.sign_ins.identity.config.linking == "oauth" else self.approvals
        beginning = way.begin(asked.press.by, RefusedPress(asked.command, asked.incident))
        told = await read_or_explain("link", beginning, self.approvals.identity.contact)
        await send_reply(self.slack, asked.press, build_reply(told) if isinstance(told, str) else told)

    async def decide(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, then do what an admin decided; the outcome takes the place of the question."""
        await ack()
        try:
            press = parse_press(body)
            deciding = self.approvals.decide(press, approve=press.action_id == APPROVE_LINK)
            told = await read_or_explain("link", deciding, self.approvals.identity.contact)
        except Malformed as error:
            await reply_malformed(self.slack, body, error, UNREADABLE)
            return
        # After a failure the question stays, so that it can be answered again.
        decided = build_reply(told) if isinstance(told, str) else told
        await respond(self.slack, press.response_url, decided, replace_original=decided is told, user=press.by.id)
