"""What every envelope passes first: its names go into the log, and people from elsewhere go no further."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.response import BoltResponse

from bolt_app.translate import clicker
from shared.errors import CallError, Malformed
from shared.identity import at_home
from shared.slack.client import Slack, SlackIdentity

log = structlog.get_logger()

Next = Callable[[], Awaitable[Any]]

ANSWER_WITHIN = 2.0
"""Seconds for telling an outsider so before their envelope is acked, for which Slack gives three."""


class Door:
    """Lets our own people's envelopes in."""

    def __init__(self, slack: Slack, home: SlackIdentity) -> None:
        self._slack = slack
        self._home = home

    async def __call__(self, body: dict[str, Any], next_: Next) -> BoltResponse | None:
        """Let the payload pass, or tell its sender privately why nothing was done."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(payload=body.get("type"), slack_user=_user_id(body))
        if body.get("type") == "block_actions" and self._from_elsewhere(body):
            await self._turn_away(str(body.get("response_url") or ""))
            return BoltResponse(status=200)
        await next_()
        return None

    def _from_elsewhere(self, body: dict[str, Any]) -> bool:
        try:
            person = clicker(body)
        except Malformed:
            # It names nobody, so nothing can be done with it; the listener says so.
            return False
        outside = not at_home(person.team, person.enterprise, person, self._home)
        if outside:
            log.warning("click.outsider", team=person.team)
        return outside

    async def _turn_away(self, response_url: str) -> None:
        text = "Nothing was done: only members of this Slack workspace can act from here. Use PagerDuty itself."
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._slack.respond(response_url, text=text)
        except (CallError, TimeoutError) as error:
            log.warning("reply.lost", why=repr(error))


def _user_id(body: dict[str, Any]) -> str | None:
    user = body.get("user")
    return user.get("id") if isinstance(user, dict) else body.get("user_id")
