"""The button of a handover that posts it in the channel: recorded, then acked; it is posted by the channel's worker."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.commands.interactive import Press, parse_press
from bolt_app.replies.builder import build_reply
from bolt_app.replies.sender import reply_malformed, send_reply
from shared.durations import Durations
from shared.errors import Malformed, StoreDown
from shared.model.handover_posts import HandoverPosts
from shared.model.ids import IncidentId, incident_id
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue
from shared.store.documents import Documents

log = structlog.get_logger()

POSTING = "The handover is being posted in this channel."
NOT_STORED = (
    ":warning: The bridge can't reach its database, so the handover may not be posted. "
    "Look at the channel before you try again."
)
UNREADABLE = "Nothing was posted: the bridge couldn't read this button"


@dataclass(frozen=True)
class PostHandover:
    """Takes presses."""

    posts: Documents[HandoverPosts]
    queue: WorkQueue
    on_disk: Callable[[IncidentId], Awaitable[None]]
    """Waits until what is stored of a channel is on the disk."""
    slack: Slack
    clock: StoreClock
    durations: Durations

    async def post(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Record on the disk that the channel's handover is to be posted, then ack; else ack only after saying so."""
        try:
            press = parse_press(body)
            channel = incident_id(press.channel)
        except Malformed as error:
            await ack()
            await reply_malformed(self.slack, body, error, UNREADABLE)
            return
        try:
            async with asyncio.timeout(self.durations.store_timeout):
                now_ms = self.clock.estimate_ms()
                await self.posts.change(
                    channel,
                    lambda known: known.with_asked(press.id, press.response_url, now_ms, press.by.id),
                    marks=(self.queue,),
                )
                await self.on_disk(channel)
        except (StoreDown, TimeoutError) as error:
            log.error("handover.not_stored", channel=channel, why=repr(error))
            if await self._reply(press, NOT_STORED):
                await ack()
            return
        log.info("handover.asked", channel=channel, user=press.by.id, command=press.id)
        await ack()
        await self._reply(press, POSTING)

    async def _reply(self, press: Press, words: str) -> bool:
        return await send_reply(self.slack, press, build_reply(words))
