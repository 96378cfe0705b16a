"""The button "Link" on the answer to a person who was refused because they are not linked."""

from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck

from bolt_app.commands.interactive import parse_retry
from bolt_app.linking.sign_ins import SignIns
from bolt_app.queries.router import read_or_explain
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.replies.sender import malformed_text, respond, send_reply
from shared.errors import Malformed
from shared.model.link import RefusedPress
from shared.slack.api.client import Slack
from shared.slack.render.buttons import LINK_YOURSELF

UNREADABLE = "You were not linked: the bridge couldn't read this button"


@dataclass(frozen=True)
class LinkYourself:
    """Takes presses."""

    sign_ins: SignIns
    slack: Slack

    async def begin(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, then reply with where to sign in; nothing is lost with a press."""
        await ack()
        try:
            asked = parse_retry(body, LINK_YOURSELF)
        except Malformed as error:
            await respond(self.slack, body.get("response_url"), Reply(malformed_text(error, UNREADABLE)))
            return
        beginning = self.sign_ins.begin(asked.press.by, RefusedPress(asked.command, asked.incident))
        told = await read_or_explain("link", beginning, self.sign_ins.identity.contact)
        await send_reply(self.slack, asked.press, build_reply(told) if isinstance(told, str) else told)
