"""What every envelope passes first: its names go into the log, and people from elsewhere go no further."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.translate import clicker
from shared.errors import CallError
from shared.identity import at_home
from shared.slack.client import Slack, SlackIdentity

log = structlog.get_logger()

Next = Callable[[], Awaitable[Any]]


class Door:
    """Counts what is being handled, so that a worker can finish it before it ends, and turns outsiders away."""

    def __init__(self, slack: Slack, home: SlackIdentity) -> None:
        self._slack = slack
        self._home = home

    async def __call__(self, body: dict[str, Any], ack: AsyncAck, next_: Next) -> None:
        """Let the payload pass, or ack it and tell its sender privately why nothing was done."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(payload=body.get("type"), slack_user=_user_id(body))
        if body.get("type") != "block_actions":
            await next_()
            return
        person = clicker(body)
        if at_home(person.team, person.enterprise, person, self._home):
            await next_()
            return
        await ack()
        log.warning("click.outsider", team=person.team)
        text = "Nothing was done: only members of this Slack workspace can act from here. Use PagerDuty itself."
        try:
            await self._slack.respond(str(body.get("response_url") or ""), text=text)
        except CallError as error:
            log.warning("reply.lost", why=str(error))


def _user_id(body: dict[str, Any]) -> str | None:
    user = body.get("user")
    return user.get("id") if isinstance(user, dict) else body.get("user_id")
