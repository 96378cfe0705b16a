"""Middleware for every envelope: binds log keys and refuses people from other workspaces."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.response import BoltResponse

from bolt_app.commands.interactive import actor_from_payload
from bolt_app.commands.slash_payload import actor_from_slash
from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import respond
from shared.access.identity import is_own_workspace
from shared.errors import Malformed
from shared.slack.api.client import Slack, SlackIdentity
from shared.slack.render.blocks import Block, section

log = structlog.get_logger()

Next = Callable[[], Awaitable[Any]]
Body = Mapping[str, Any]

REPLY_TIMEOUT = 2.0
"""Seconds for telling an outsider so before their envelope is acked, for which Slack gives three."""
COMMAND = "slash_command"
"""The log name of slash commands: theirs is the only payload without a type."""
ACTING_KINDS = frozenset(
    {COMMAND, "block_actions", "block_suggestion", "message_action", "shortcut", "view_closed", "view_submission"}
)
"""Payloads of human actions. All others report what happened in Slack."""
REFUSAL = "Nothing was done: only members of this Slack workspace can act from here. Use PagerDuty."


@dataclass(frozen=True)
class WorkspaceGuard:
    """Lets our own people's envelopes in."""

    slack: Slack
    home: SlackIdentity

    async def __call__(self, body: dict[str, Any], next_: Next) -> BoltResponse | None:
        """Call the next listener, or tell the sender privately why nothing was done."""
        kind = COMMAND if "command" in body and "type" not in body else str(body.get("type"))
        user = body.get("user")
        user_id = user.get("id") if isinstance(user, dict) else body.get("user_id")
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(payload=kind, slack_user=user_id)
        if kind in ACTING_KINDS and self._is_other_workspace(kind, body):
            return await self._refuse(kind, body)
        await next_()
        return None

    def _is_other_workspace(self, kind: str, body: Body) -> bool:
        try:
            person = actor_from_slash(body) if kind == COMMAND else actor_from_payload(body)
        except Malformed:
            # It names no user, so no action can follow; the listener reports it.
            return False
        outside = not is_own_workspace(person.team, person.enterprise, person, self.home)
        if outside:
            log.warning("click.outsider", team=person.team, why="of another workspace")
        return outside

    async def _refuse(self, kind: str, body: Body) -> BoltResponse:
        """Ack, saying why: in the ack itself where Slack shows it, else through the address for answers if any."""
        match kind:
            case "slash_command":
                return _ack_with({"response_type": "ephemeral", "text": REFUSAL})
            case "view_submission":
                return _ack_with({"response_action": "update", "view": _notice()})
            case "block_suggestion":
                return _ack_with({"options": []})
        if address := body.get("response_url"):
            await respond(self.slack, address, Reply(REFUSAL), within=REPLY_TIMEOUT)
        return BoltResponse(status=200)


def _ack_with(payload: Mapping[str, object]) -> BoltResponse:
    return BoltResponse(status=200, body=dict(payload))


def _notice() -> Block:
    title = {"type": "plain_text", "text": "Nothing was done"}
    return {"type": "modal", "title": title, "blocks": [section(REFUSAL)]}
