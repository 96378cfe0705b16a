"""One message, once: carries out what `next_step` decides, storing what is known before and after each call."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from shared.durations import Durations
from shared.errors import CallError, Refused, Unavailable
from shared.model.event import SECOND
from shared.model.ids import ChannelId, MessageTs
from shared.model.slack_state import Delete, Done, Look, MessageState, Post, Step, Update, Wait, next_step
from shared.observability.log import reference
from shared.slack.api.client import Slack
from shared.slack.api.errors import INVALID_BLOCKS, MESSAGE_GONE, NOT_EDITABLE, Unthreaded
from shared.slack.render.blocks import Message
from shared.store.clock import StoreClock
from shared.store.coordination import Lease

log = structlog.get_logger()

Save = Callable[[MessageState], Awaitable[None]]
"""Stores a message's state after checking the lease."""


@dataclass(frozen=True)
class MessageTarget:
    """
    Where a message belongs and how to store it; `broadcast` shows it to the channel, `urgent` sends it earlier.

    `save` stores at once what a call is about to do; `note`, with the next step, what became of it. A worker that dies
    in between leaves an unclear call, which is looked into.
    """

    channel: ChannelId
    save: Save
    note: Save
    lease: Lease
    thread: MessageTs | None = None
    broadcast: bool = False
    urgent: bool = True


@dataclass(frozen=True)
class MessageSync:
    """Makes messages exist once and show their content."""

    slack: Slack
    clock: StoreClock
    durations: Durations

    async def sync(
        self, message: Message, state: MessageState, target: MessageTarget, *, edit: bool = True
    ) -> MessageState:
        """
        Carry out steps until nothing is left to do; return the state then. Without `edit`, content is not compared.

        A message that turned out to be deleted, or not editable any more, is returned without `ts`: the caller decides
        whether to post it anew. Raises `Unavailable` while an earlier call may still land, or what a call raised.
        """
        while True:
            digest = message.digest if edit else None
            step = next_step(state, digest, await self._unsettled(state))
            try:
                state = await self._carry_out(step, message, state, target)
            except Refused as error:
                if not message.blocks or error.code not in INVALID_BLOCKS:
                    raise
                # Rendering is at fault, which must not keep the message away.
                log.error("slack.blocks_refused", key=message.key, why=str(error), reference=reference())
                message, state = message.in_words, state.content_unknown()
                continue
            if isinstance(step, Done):
                return state
            await target.note(state)
            if isinstance(step, Update) and state.ts is None:
                return state

    async def _carry_out(
        self, step: Step, message: Message, state: MessageState, target: MessageTarget
    ) -> MessageState:
        """Carry out one step; return what is known after it."""
        match step:
            case Wait(seconds, why):
                raise Unavailable(why, retry_after=seconds)
            case Look():
                await target.lease.check(self.durations.slack_timeout)
                ts = await self.slack.find_by_key(
                    target.channel, message.key, oldest_ms=state.begun_ms or 0, thread_ts=target.thread
                )
                return state.found(ts)
            case Post():
                return await self._post(message, state, target)
            case Update(ts):
                return await self._update(ts, message, state, target)
            case Delete(ts):
                return await self._delete(ts, state, target)
            case Done():
                return state

    async def _unsettled(self, state: MessageState, at_ms: int | None = None) -> float:
        """Return how many seconds from now, or from `at_ms`, the unclear call of `state` may still take effect."""
        if state.until_ms is None:
            return 0.0
        at_ms = await self.clock.now_ms() if at_ms is None else at_ms
        return self.clock.remaining(state.until_ms, at_ms, self.durations.call_max)

    async def _post(self, message: Message, state: MessageState, target: MessageTarget) -> MessageState:
        begun_ms = 0  # stays so if there was no capacity for the call

        async def begin() -> None:
            nonlocal begun_ms
            begun_ms = await self.clock.now_ms()
            await target.save(state.post_begun(begun_ms, begun_ms + int(self.durations.call_max * SECOND)))
            await target.lease.check(self.durations.slack_timeout)

        try:
            ts = await self.slack.post(
                target.channel,
                text=message.text,
                blocks=message.blocks,
                metadata=message.metadata,
                thread_ts=target.thread,
                reply_broadcast=target.broadcast,
                urgent=target.urgent,
                begin=begin,
            )
        except CallError as error:
            if isinstance(error, Unthreaded):
                await target.note(MessageState(replaces=error.ts))
            elif begun_ms and error.surely_not_done:
                await target.note(state.post_failed())
            elif begun_ms:
                await target.note(state.post_begun(begun_ms, await self._lands_by(begun_ms)))
            raise
        return state.posted(ts, message.digest)

    async def _update(
        self, ts: MessageTs, message: Message, state: MessageState, target: MessageTarget
    ) -> MessageState:
        begun_ms = 0

        async def begin() -> None:
            nonlocal begun_ms
            begun_ms = await self.clock.now_ms()
            # Unknown before the call, known after it: a crash in between must not leave a wrong belief behind.
            await target.save(state.content_unknown())
            await target.lease.check(self.durations.slack_timeout)

        try:
            await self.slack.update(
                target.channel, ts, text=message.text, blocks=message.blocks, urgent=target.urgent, begin=begin
            )
        except Refused as error:
            if error.code not in {MESSAGE_GONE, *NOT_EDITABLE}:
                raise
            return state.update_refused(deleted=error.code == MESSAGE_GONE)
        except CallError as error:
            if not error.surely_not_done:
                await target.note(replace(state.content_unknown(), until_ms=await self._lands_by(begun_ms)))
            raise
        # As of the begin: what could still land then may have landed after this update.
        return state.updated(message.digest, await self._unsettled(state, begun_ms))

    async def _delete(self, ts: MessageTs, state: MessageState, target: MessageTarget) -> MessageState:
        await target.lease.check(self.durations.slack_timeout)
        try:
            await self.slack.delete(target.channel, ts)
        except Refused as error:
            # Deleted already, or Slack does not allow it: then the new message is at least the later of the two.
            log.warning("slack.not_deleted", channel=target.channel, ts=ts, why=str(error))
        return replace(state, replaces=None)

    async def _lands_by(self, begun_ms: int) -> int:
        return self.durations.lands_by_ms(begun_ms, await self.clock.now_ms(), self.durations.slack_timeout)
