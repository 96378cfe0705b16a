"""
One private answer to one person, whichever way it can go.

The address that came with what they did (`response_url`) needs no membership in the channel, but works five times and
for half an hour; where it does not, `chat.postEphemeral` says it, and where that is refused, a direct message does, in
words alone: what could be pressed is bound to the channel. What is pressed on the Home tab has neither address nor
channel: it is answered by direct message, with what can be pressed. All are best effort at Slack's end; none is seen by
others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog
from prometheus_client import Counter

from bolt_app.commands.interactive import Press
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.replies.builder import Reply
from shared.errors import CallError, Malformed, Unavailable
from shared.model.command import HOME_TAB, Command
from shared.model.ids import SlackUserId
from shared.observability.log import reference
from shared.slack.api.client import Slack

log = structlog.get_logger()

LOST = Counter("pagebridge_replies_lost", "Private answers that reached their person in no way")

ReplyTarget = Command | Press | SlashPayload
"""Where a private reply goes: to the person behind a command, a press or a typed line."""


async def send_reply(
    slack: Slack, target: ReplyTarget, reply: Reply, *, by_address: bool = True, patience: float = 0.0
) -> bool:
    """
    Answer, in the place of the private answer that was pressed if there is one; return if Slack took it.

    What Slack's limits hold up waits up to `patience` seconds. Failures are logged.
    """
    incident = target.incident if isinstance(target, Command) else None
    instead = not isinstance(target, SlashPayload) and target.on_answer
    about: dict[str, Any] = {"command": target.id, "incident": incident, "user": target.by.id}
    if target.channel == HOME_TAB:
        return await post_direct(slack, target.by.id, reply, patience, **about)
    address = target.response_url if by_address else ""
    if address and await respond(slack, address, reply, replace_original=instead, **about):
        return True
    try:
        blocks = list(reply.blocks) or None
        post = partial(slack.post_ephemeral, target.channel, target.by.id, text=reply.text, blocks=blocks)
        await _once_there_is_room(post, patience)
    except CallError as error:
        log.warning("ephemeral.failed", why=str(error), **about)
        return await post_direct(slack, target.by.id, Reply(reply.text), **about)
    return True


async def post_direct(slack: Slack, person: SlackUserId, reply: Reply, patience: float = 0.0, **about: object) -> bool:
    """Send it as a direct message from this app, the last private way left; return if Slack took it."""
    try:
        post = partial(slack.post_direct, person, text=reply.text, blocks=list(reply.blocks) or None)
        await _once_there_is_room(post, patience)
    except CallError as error:
        LOST.inc()
        log.error("reply.lost", why=str(error), reference=reference(), **about)
        return False
    return True


async def respond(
    slack: Slack,
    response_url: object,
    reply: Reply,
    *,
    replace_original: bool = False,
    within: float | None = None,
    **about: object,
) -> bool:
    """Answer at a click's address within `within` seconds; true if surely done. Failures are logged with `about`."""
    try:
        async with asyncio.timeout(within):
            await slack.respond(
                str(response_url or ""),
                text=reply.text,
                blocks=list(reply.blocks) or None,
                replace_original=replace_original,
            )
    except (CallError, TimeoutError) as error:
        log.warning("response_url.failed", why=repr(error), **about)
        return False
    return True


def malformed_text(error: Malformed, words: str) -> str:
    """Return `words` about a payload that could not be read, with the reference under which it is logged."""
    quoted = reference()
    log.error("payload.unreadable", why=str(error), reference=quoted)
    return f"{words}. (reference `{quoted}`)"


async def reply_malformed(slack: Slack, body: Mapping[str, Any], error: Malformed, words: str) -> None:
    """Reply at the payload's response URL, with `words`, that it could not be read."""
    await respond(slack, body.get("response_url"), Reply(malformed_text(error, words)))


async def _once_there_is_room(post: Callable[[], Awaitable[None]], patience: float) -> None:
    """Post it, waiting for Slack's limits for up to `patience` seconds. Raises `CallError`."""
    while True:
        try:
            await post()
        except Unavailable as error:
            if error.retry_after is None or error.retry_after > patience:
                raise
            patience -= error.retry_after
            await asyncio.sleep(error.retry_after)
        else:
            return
