"""One message, once: carries out what `next_step` decides, storing what is known before and after each call."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import structlog

from shared.durations import Durations
from shared.errors import CallError, NotFound, Refused, Unavailable
from shared.model.doubt import message_in_doubt
from shared.model.event import SECOND
from shared.model.ids import ChannelId, MessageTs
from shared.model.message_state import (
    Delete,
    DeleteDoubles,
    Done,
    Look,
    MessageState,
    Post,
    Step,
    Update,
    Wait,
    next_step,
)
from shared.observability.log import reference
from shared.slack.api.client import Slack
from shared.slack.api.errors import INVALID_BLOCKS, MESSAGE_GONE, NOT_EDITABLE, Unthreaded
from shared.slack.render.blocks import Message
from shared.store.clock import StoreClock
from shared.store.coordination import Lease
from shared.store.losses import Losses

log = structlog.get_logger()

CLOCKS_MS = 60 * SECOND
"""Milliseconds that PagerDuty's, Slack's and the store's clock may differ where a message is looked for."""
LOOKBACK_MS = 7 * 24 * 3600 * SECOND
"""Milliseconds before a loss of records in which it is looked for."""

Kept = TypeVar("Kept")
"""The document that has the state of a message."""
Rule = Callable[[Kept], Kept]
"""How that document changes."""


@dataclass(frozen=True)
class MessageTarget(Generic[Kept]):
    """
    Where a message belongs and how to store it; `broadcast` shows it to the channel.

    `urgent` sends it earlier, and `foremost`, for one that stands for many, before all others.

    One in the channel itself may be there twice for a while, so that it is there at once, unless it is `single`. One
    that is not there is made only if it `posts`; that it is there already, which may be unclear, is found out anyway.

    With `since_ms`, before which it can't have been posted, it is looked for after a loss of writes: an incident's
    messages are all found again together (`bolt_app.read_path.adoption`).

    A state is stored by its `rule`: by `save` at once, after checking the lease, what a call is about to do; by `note`,
    with the next step, what became of it. A worker that dies in between leaves an unclear call, which is looked into.
    """

    channel: ChannelId
    rule: Callable[[MessageState], Rule[Kept]]
    save: Callable[[Rule[Kept]], Awaitable[object]]
    note: Callable[[Rule[Kept]], Awaitable[object]]
    lease: Lease
    thread: MessageTs | None = None
    broadcast: bool = False
    urgent: bool = True
    single: bool = False
    posts: bool = True
    foremost: bool = False
    since_ms: int | None = None


@dataclass(frozen=True)
class MessageSync:
    """Makes messages exist once and show their content."""

    slack: Slack
    clock: StoreClock
    durations: Durations
    losses: Losses

    async def sync(
        self, message: Message, state: MessageState, target: MessageTarget[Kept], *, edit: bool = True
    ) -> MessageState:
        """
        Carry out steps until nothing is left to do; return the state then. Without `edit`, content is not compared.

        A message that turned out to be deleted, or not editable any more, is returned without `ts`: the caller decides
        whether to post it anew. Raises `Unavailable` while an earlier call may still land, or what a call raised.
        """
        if (doubt_ms := self.losses.doubt_ms) and target.since_ms is not None:
            state = self._doubted(state, target.since_ms, doubt_ms)
        while True:
            digest = message.digest if edit else None
            unsettled = await self._unsettled(state.until_ms)
            doubled = await self._unsettled(state.doubled_until_ms)
            # A card is what people wait for; a line is not worth a second one.
            at_once = target.thread is None and not target.single
            step = next_step(state, digest, unsettled, doubled, at_once=at_once)
            if isinstance(step, Post) and not target.posts:
                step = Done()
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
            await target.note(target.rule(state))
            if isinstance(step, Update) and state.ts is None:
                return state

    async def sync_once(self, message: Message, state: MessageState, target: MessageTarget[Kept]) -> MessageState:
        """Do as `sync`, and replace what cannot be edited any more; what was deleted stays away."""
        state = await self.sync(message, state, target)
        return await self.sync(message, state, target) if state.ts is None and state.replaces else state

    async def _carry_out(
        self, step: Step, message: Message, state: MessageState, target: MessageTarget[Kept]
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
                return state.found(ts, await self._unsettled(state.until_ms))
            case Post():
                return await self._post(message, state, target)
            case Update(ts):
                return await self._update(ts, message, state, target)
            case Delete(ts):
                await self._delete(ts, target)
                return replace(state, replaces=None)
            case DeleteDoubles(ts, from_ms):
                await self._delete_doubles(message.key, ts, from_ms, target)
                return state.single()
            case Done():
                return state

    def _doubted(self, state: MessageState, since_ms: int, doubt_ms: int) -> MessageState:
        """Return the state to go by after a loss of writes: the message may exist without a record of it."""
        if since_ms > doubt_ms + CLOCKS_MS:
            return state
        begun_ms = max(since_ms - CLOCKS_MS, doubt_ms - LOOKBACK_MS)
        return message_in_doubt(state, doubt_ms, begun_ms, self.durations.call_max)

    async def doubled(self, state: MessageState) -> float:
        """Return how many seconds a post that was given up may still make a second message; 0 if there is none."""
        return await self._unsettled(state.doubled_until_ms)

    async def _unsettled(self, until_ms: int | None, at_ms: int | None = None) -> float:
        """Return how many seconds from now, or from `at_ms`, a call may still take effect that may until `until_ms`."""
        if until_ms is None:
            return 0.0
        at_ms = await self.clock.now_ms() if at_ms is None else at_ms
        return self.clock.remaining(until_ms, at_ms, self.durations.call_max)

    async def _post(self, message: Message, state: MessageState, target: MessageTarget[Kept]) -> MessageState:
        latest, clock = int(self.durations.call_max * SECOND), self.slack.server_clock
        # Slack's history may have it from then on: by its own clock, as the store's may be ahead.
        begun = BegunCall(self, target, lambda ms: state.post_begun(min(ms, clock.now_ms() or ms), ms + latest))
        try:
            ts = await self.slack.post(
                target.channel,
                text=message.text,
                blocks=message.blocks,
                metadata=message.metadata,
                thread_ts=target.thread,
                reply_broadcast=target.broadcast,
                urgent=target.urgent,
                foremost=target.foremost,
                begin=begun,
            )
        except CallError as error:
            if isinstance(error, Unthreaded):
                await target.note(target.rule(MessageState(replaces=error.ts)))
            elif begun.stored is not None and error.surely_not_done:
                await target.note(target.rule(state.post_failed()))
            elif begun.stored is not None:
                unclear = replace(begun.stored, until_ms=await self._lands_by(begun.ms))
                await target.note(target.rule(unclear))
            raise
        return state.posted(ts, message.digest)

    async def _update(
        self, ts: MessageTs, message: Message, state: MessageState, target: MessageTarget[Kept]
    ) -> MessageState:
        # Unknown before the call, known after it: a crash in between must not leave a wrong belief behind.
        begun = BegunCall(self, target, lambda _: state.content_unknown())
        try:
            await self.slack.update(
                target.channel,
                ts,
                text=message.text,
                blocks=message.blocks,
                urgent=target.urgent,
                foremost=target.foremost,
                begin=begun,
            )
        except Refused as error:
            if error.code not in {MESSAGE_GONE, *NOT_EDITABLE}:
                raise
            return state.update_refused(deleted=error.code == MESSAGE_GONE)
        except CallError as error:
            if not error.surely_not_done:
                unclear = replace(state.content_unknown(), until_ms=await self._lands_by(begun.ms))
                await target.note(target.rule(unclear))
            raise
        # As of the begin: what could still land then may have landed after this update.
        return state.updated(message.digest, await self._unsettled(state.until_ms, begun.ms))

    async def delete_replies(
        self, channel: ChannelId, thread: MessageTs, pending: Iterable[MessageState], lease: Lease
    ) -> None:
        """
        Delete all that the bridge has written in a thread; its first message stays.

        Raises `Unavailable` while one of the `pending` may still land there, and what a call raises: it can be called
        again, and goes on with what is left.
        """
        for state in pending:
            if state.uncertain and (wait := await self._unsettled(state.until_ms)) > 0:
                raise Unavailable("an earlier post in this thread may still land", retry_after=wait)
        try:
            replies = self.slack.own_messages(channel, oldest_ms=int(float(thread) * SECOND), thread_ts=thread)
            written = [message.ts async for message in replies if not message.deleted]
        except NotFound:
            return
        for ts in written:
            await lease.check(self.durations.slack_timeout)
            with suppress(NotFound):
                await self.slack.delete(channel, ts)

    async def _delete_doubles(self, key: str, ts: MessageTs, from_ms: int, target: MessageTarget[Kept]) -> None:
        """Delete the messages of that key in the channel but `ts`."""
        await target.lease.check(self.durations.slack_timeout)
        async for other in self.slack.own_messages(target.channel, oldest_ms=from_ms, reader=f"doubles:{key}"):
            if other.key == key and other.ts != ts and not other.deleted:
                log.warning(
                    "slack.doubled",
                    channel=target.channel,
                    ts=other.ts,
                    why=f"an earlier post of {key} landed after all",
                )
                await self._delete(other.ts, target)

    async def _delete(self, ts: MessageTs, target: MessageTarget[Kept]) -> None:
        await target.lease.check(self.durations.slack_timeout)
        try:
            await self.slack.delete(target.channel, ts)
        except Refused as error:
            # Deleted already, or Slack does not allow it: then the new message is at least the later of the two.
            log.warning("slack.not_deleted", channel=target.channel, ts=ts, why=str(error))

    async def _lands_by(self, begun_ms: int) -> int:
        return self.durations.lands_by_ms(begun_ms, await self.clock.now_ms(), self.durations.slack_timeout)


@dataclass
class BegunCall(Generic[Kept]):
    """Stores, right before a call is sent, the `state` that it leaves behind if its end stays unknown."""

    sync: MessageSync
    target: MessageTarget[Kept]
    state: Callable[[int], MessageState]
    """By the time at which it began."""
    ms: int = 0
    """When it began."""
    stored: MessageState | None = None
    """The state that was stored; None if there was no capacity for the call."""

    async def __call__(self) -> None:
        """Let the call be sent. Raises `FencedOff` if the lease is lost."""
        self.ms = await self.sync.clock.now_ms()
        self.stored = self.state(self.ms)
        await self.target.save(self.target.rule(self.stored))
        await self.target.lease.check(self.sync.durations.slack_timeout)
