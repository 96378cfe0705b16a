"""Posts the handovers of a channel, each once: by the worker that holds its lease, from what is recorded."""

from dataclasses import dataclass
from functools import partial

import structlog

from bolt_app.handover.render import HEADING, handover_message
from bolt_app.handover.writer import HandoverWriter
from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from bolt_app.replies.builder import build_reply
from bolt_app.replies.sender import respond
from shared.errors import Refused
from shared.model.handover_posts import AskedPost, HandoverPosts
from shared.model.ids import ChannelId, CommandId, IncidentId
from shared.model.slack_state import MessageState
from shared.slack.api.client import Slack
from shared.slack.api.errors import CHANNEL_CLOSED
from shared.slack.render.blocks import escape
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents

log = structlog.get_logger()


@dataclass(frozen=True)
class HandoverPoster:
    """One pass makes every post that is recorded and not made; what fails is tried again by the queue."""

    posts: Documents[HandoverPosts]
    queue: WorkQueue
    message_sync: MessageSync
    writer: HandoverWriter
    slack: Slack

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Make the posts of the channel that `incident` names. Raises `CallError`, `StoreDown`, `FencedOff`."""
        for press, asked in (await self.posts.load(incident, lease)).value.asked.items():
            if not asked.over:
                await self._post_asked(ChannelId(incident), press, asked, lease)
        return None

    async def fenced_off(self, incident: IncidentId) -> None:
        """Mark the channel again: the next owner of its lease goes on."""
        await self.queue.mark(incident)

    async def _post_asked(self, channel: ChannelId, press: CommandId, asked: AskedPost, lease: Lease) -> None:
        """Post what a press asked for, or tell the person why not."""
        told = await self.writer.of_channel(channel)
        message = handover_message(f"handover:{channel}:{press}", HEADING, told)
        change = partial(self.posts.change, IncidentId(channel), lease=lease)

        def rule(state: MessageState, *, over: bool = False) -> partial[HandoverPosts]:
            return partial(HandoverPosts.with_message, press=press, state=state, over=over)

        target = MessageTarget(channel, rule, change, change, lease, urgent=False, single=True)
        try:
            state = await self.message_sync.sync(message, asked.message, target, edit=False)
        except Refused as error:
            log.warning("handover.refused", channel=channel, why=str(error), code=error.code)
            await respond(self.slack, asked.response_url, build_reply(refused_text(error)), replace_original=True)
            state = MessageState()
        await change(rule(state, over=True))


def refused_text(error: Refused) -> str:
    """Return why a handover was not posted, and the next step."""
    if error.code in CHANNEL_CLOSED:
        return ":warning: *Not posted:* the app can't post in this channel. Invite it or unarchive the channel."
    return f":warning: *Not posted:* Slack refused it ({escape(str(error))})."
