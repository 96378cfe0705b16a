"""Posts the handovers of a channel, each once: by the worker that holds its lease, from what is recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from bolt_app.handover.render import HEADING, handover_message, shift_message
from bolt_app.handover.shifts import LOOK, ShiftReader, Shifts
from bolt_app.handover.writer import HandoverWriter
from bolt_app.read_path.message_sync import MessageSync, MessageTarget, Rule
from bolt_app.replies.builder import build_reply
from bolt_app.replies.sender import respond
from shared.access.identity import Identity
from shared.config.bridge_config import LiveConfig
from shared.errors import BadCredentials, Malformed, Refused
from shared.model.handover_posts import AskedPost, HandoverPosts, ShiftChange, ShiftPosts
from shared.model.ids import ChannelId, CommandId, IncidentId
from shared.model.message_state import MessageState
from shared.model.outcome import Declined
from shared.pagerduty.api.lanes import Lane, go_in
from shared.slack.api.client import Slack
from shared.slack.api.errors import CHANNEL_CLOSED
from shared.slack.render.blocks import Message, escape
from shared.store.coordination import Lease
from shared.store.documents import Documents

log = structlog.get_logger()


@dataclass(frozen=True)
class HandoverPoster:
    """One pass makes every post that is recorded and not made; what fails is tried again by the queue."""

    posts: Documents[HandoverPosts]
    message_sync: MessageSync
    writer: HandoverWriter
    shift_reader: ShiftReader
    config: LiveConfig
    identity: Identity
    slack: Slack

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Make the posts of the channel that `incident` names. Raises `CallError`, `StoreDown`, `FencedOff`."""
        channel = ChannelId(incident)
        for press, asked in (await self.posts.load(incident, lease)).value.asked.items():
            if not asked.over:
                await self._post_asked(channel, press, asked, lease)
        chosen = self.config.current.handover(channel)
        if chosen is None:
            return None
        go_in(Lane.UPKEEP)
        begun = (await self.posts.load(incident, lease)).value.shifts
        if begun is not None and begun.policy == chosen.policy and begun.change is not None:
            # It is recorded: PagerDuty is not read for it, and may be away.
            await self._post_change(channel, begun, begun.change, lease)
        try:
            shifts = await self.shift_reader.read(chosen.policy)
        except (Refused, Malformed) as error:
            log.error("handover.shifts_unread", channel=channel, policy=chosen.policy, why=str(error))
            return LOOK
        await self._post_shift(channel, chosen.policy, shifts, lease)
        return shifts.look_in

    async def _post_asked(self, channel: ChannelId, press: CommandId, asked: AskedPost, lease: Lease) -> None:
        """Post what a press asked for, or tell the person why not."""

        def rule(state: MessageState, *, over: bool = False) -> Rule[HandoverPosts]:
            return lambda posts: posts.with_message(press, state, over=over)

        why, state = await self._refusal(asked), asked.message
        if not why:
            told = await self.writer.of_channel(channel)
            message = handover_message(f"handover:{channel}:{press}", HEADING, told)
            state, error = await self._sync(channel, message, state, asked.asked_ms, rule, lease)
            why = refused_text(error) if error else ""
        if why:
            await respond(self.slack, asked.response_url, build_reply(why), replace_original=True)
        await self.posts.change(IncidentId(channel), rule(state, over=True), lease)

    async def _refusal(self, asked: AskedPost) -> str:
        """Return why a post is not begun, empty if it is, or has been. Raises `CallError`, `Malformed`."""
        try:
            if asked.by is not None and asked.message == MessageState():
                await self.identity.require_member(self.identity.own_member(asked.by))
        except Declined as declined:
            return not_posted(declined.text)
        return ""

    async def _post_shift(self, channel: ChannelId, policy: str, shifts: Shifts, lease: Lease) -> None:
        """Post the handover of the last change of shift, if that is due."""
        posts = (await self.posts.load(IncidentId(channel), lease)).value
        known = posts.shifts_of(policy, shifts.now_ms)
        change = known.due(shifts.changes, shifts.now_ms)
        if change is not None:
            await self._post_change(channel, known, change, lease)
        elif known != posts.shifts:
            await self.posts.change(IncidentId(channel), lambda now: now.with_shifts(known), lease)

    async def _post_change(self, channel: ChannelId, known: ShiftPosts, change: ShiftChange, lease: Lease) -> None:
        """Post the handover of a change of shift: recorded first, so that it is once."""

        def rule(state: MessageState) -> Rule[HandoverPosts]:
            return lambda now: now.with_shifts(known.with_message(change, state))

        told = await self.writer.of_channel(channel)
        message = shift_message(f"handover:{channel}:{known.policy}:{change.at_ms}", change, told)
        await self._sync(channel, message, known.message, change.at_ms, rule, lease)
        await self.posts.change(IncidentId(channel), lambda now: now.with_shifts(known.told(change)), lease)

    async def _sync(
        self,
        channel: ChannelId,
        message: Message,
        known: MessageState,
        since_ms: int,
        rule: Callable[[MessageState], Rule[HandoverPosts]],
        lease: Lease,
    ) -> tuple[MessageState, Refused | None]:
        """Make a post of `since_ms` or later; return what is `known` then, and why Slack refused it if so."""
        change = partial(self.posts.change, IncidentId(channel), lease=lease)
        target = MessageTarget(channel, rule, change, change, lease, urgent=False, single=True, since_ms=since_ms)
        try:
            return await self.message_sync.sync(message, known, target, edit=False), None
        except BadCredentials:
            # Nothing is wrong with this post: it is made once an operator has set another token.
            raise
        except Refused as error:
            log.error("handover.refused", channel=channel, key=message.key, why=str(error), code=error.code)
            return MessageState(), error


def refused_text(error: Refused) -> str:
    """Return why a handover was not posted, and the next step."""
    if error.code in CHANNEL_CLOSED:
        return not_posted("The app can't post in this channel. Invite it or unarchive the channel.")
    return not_posted(f"Slack refused it ({error}).")


def not_posted(why: str) -> str:
    """Return that a handover was not posted, and why."""
    return f":warning: *Not posted:* {escape(why)}"
