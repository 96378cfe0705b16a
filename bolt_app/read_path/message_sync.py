"""
One message, once.

Slack has no idempotency key, so a post is recorded before it is made, and looked for by its metadata before it is
made again. Between the two lies `call_max`: earlier, a post that was begun may not be visible yet.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from shared.durations import Durations
from shared.errors import CallError, Refused, Unavailable
from shared.model.ids import ChannelId, MessageTs
from shared.model.slack_state import MessageState
from shared.observability.log import reference
from shared.slack.api.client import Slack
from shared.slack.render.blocks import Message
from shared.store.clock import StoreClock
from shared.store.leases import Lease

log = structlog.get_logger()

NOT_EDITABLE = frozenset({"cant_update_message", "edit_window_closed"})
"""Slack's words for a message that can never be edited again."""

INVALID_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
"""Slack's words for blocks that it does not take: then its text has to do, because nothing must keep a card away."""

Save = Callable[[MessageState], Awaitable[None]]
"""Stores a message's state after checking the lease."""


@dataclass(frozen=True)
class MessageTarget:
    """
    Where a message belongs, and how to store what is known of it.

    `broadcast` lets the whole channel see a message of a thread. One that is `urgent` goes before others.
    """

    channel: ChannelId
    save: Save
    lease: Lease
    thread: MessageTs | None = None
    broadcast: bool = False
    urgent: bool = True


class PreCallHook:
    """
    The last step before a call that writes: it stores the message as uncertain until the call ends.

    `at_ms` is the store's time of that step, 0 if there was no capacity for the call and nothing was stored.
    """

    def __init__(
        self, clock: StoreClock, timeout: float, place: MessageTarget, meanwhile: Callable[[int], MessageState]
    ) -> None:
        self.at_ms = 0
        self._clock = clock
        self._timeout = timeout
        self._place = place
        self._meanwhile = meanwhile

    async def __call__(self) -> None:
        """Store the state and check the lease."""
        self.at_ms = await self._clock.now_ms()
        await self._place.save(self._meanwhile(self.at_ms))
        await self._place.lease.check(self._timeout)


class MessageSync:
    """Makes messages exist once, and say what they should."""

    def __init__(self, slack: Slack, clock: StoreClock, durations: Durations) -> None:
        self._slack = slack
        self._clock = clock
        self._durations = durations

    async def ensure_posted(self, message: Message, state: MessageState, place: MessageTarget) -> MessageState:
        """
        Make sure that the message exists, and return it with its `ts`.

        Raises `Unavailable` while it is too early to tell whether an earlier post arrived, or what the post raised.
        """
        if state.ts is not None:
            return await self._delete_replaced(state, place)
        if state.uncertain:
            found = await self._find_posted(message, state, place)
            if found is not None:
                found_again = replace(state, ts=found, begun_ms=None, until_ms=None)
                return await self._delete_replaced(await _save(place, found_again), place)
            state = await _save(place, MessageState(replaces=state.replaces))
        return await self._delete_replaced(await self._post(message, state, place), place)

    async def ensure_content(self, message: Message, state: MessageState, place: MessageTarget) -> MessageState:
        """
        Update the message unless it already has this content; return its state.

        A message that was deleted, or can no longer be edited, is returned without `ts`.
        """
        if state.content_digest == message.digest or state.ts is None:
            return state
        if state.pending_digest == message.digest:
            self._require_no_late_update(state, await self._clock.now_ms())
        # Unknown before the call, known after it: a crash in between must not leave a wrong belief behind.
        begin = self._pre_call(place, lambda _: state.content_unknown())
        try:
            await self._slack.update(
                place.channel, state.ts, text=message.text, blocks=message.blocks, urgent=place.urgent, begin=begin
            )
        except Refused as error:
            if _is_blocks_error(message, error):
                return await self.ensure_content(message.in_words, state.content_unknown(), place)
            return await _save(place, _after_failed_update(state, error))
        except CallError as error:
            if not error.surely_not_done:
                await place.save(replace(state.content_unknown(), until_ms=await self._lands_by(begin)))
            raise
        if self._may_land_late(state, begin.at_ms) > 0:
            await place.save(replace(state.content_unknown(), pending_digest=message.digest))
            self._require_no_late_update(state, begin.at_ms)
        return await _save(place, MessageState(ts=state.ts, content_digest=message.digest))

    def _require_no_late_update(self, state: MessageState, now_ms: int) -> None:
        """Raise `Unavailable` while an update that timed out may still overwrite this: once more when that is over."""
        late = self._may_land_late(state, now_ms)
        if late > 0:
            raise Unavailable("an earlier update of this message may still land", retry_after=late)

    def _pre_call(self, place: MessageTarget, meanwhile: Callable[[int], MessageState]) -> "PreCallHook":
        return PreCallHook(self._clock, self._durations.slack_timeout, place, meanwhile)

    async def _lands_by(self, begin: "PreCallHook") -> int:
        return self._durations.lands_by_ms(begin.at_ms, await self._clock.now_ms(), self._durations.slack_timeout)

    @property
    def _call_max(self) -> int:
        return int(self._durations.call_max * 1000)

    def _may_land_late(self, state: MessageState, now_ms: int) -> float:
        if state.until_ms is None:
            return 0.0
        return self._clock.remaining(state.until_ms, now_ms, self._durations.call_max)

    async def _find_posted(self, message: Message, state: MessageState, place: MessageTarget) -> MessageTs | None:
        wait = self._may_land_late(state, await self._clock.now_ms())
        if wait > 0:
            raise Unavailable("an earlier post of this message may still land", retry_after=wait)
        await place.lease.check(self._durations.slack_timeout)
        return await self._slack.find_by_key(
            place.channel, message.key, oldest_ms=state.begun_ms or 0, thread_ts=place.thread
        )

    async def _delete_replaced(self, state: MessageState, place: MessageTarget) -> MessageState:
        """Delete the message in whose place this one was posted."""
        if state.replaces is None:
            return state
        await place.lease.check(self._durations.slack_timeout)
        try:
            await self._slack.delete(place.channel, state.replaces)
        except Refused as error:
            # Gone already, or Slack does not let us: then the new one is at least the later of the two.
            log.warning("slack.not_deleted", channel=place.channel, ts=state.replaces, why=str(error))
        return await _save(place, replace(state, replaces=None))

    async def _post(self, message: Message, state: MessageState, place: MessageTarget) -> MessageState:
        begin = self._pre_call(place, lambda now: replace(state, begun_ms=now, until_ms=now + self._call_max))
        try:
            ts = await self._slack.post(
                place.channel,
                text=message.text,
                blocks=message.blocks,
                metadata=message.metadata,
                thread_ts=place.thread,
                reply_broadcast=place.broadcast,
                urgent=place.urgent,
                begin=begin,
            )
        except CallError as error:
            if begin.at_ms and error.surely_not_done:
                await place.save(MessageState(replaces=state.replaces))
            elif begin.at_ms:
                await place.save(replace(state, begun_ms=begin.at_ms, until_ms=await self._lands_by(begin)))
            if _is_blocks_error(message, error):
                return await self._post(message.in_words, state, place)
            raise
        return await _save(place, MessageState(ts=ts, content_digest=message.digest, replaces=state.replaces))


def _after_failed_update(state: MessageState, error: Refused) -> MessageState:
    """Return the state of a message that can never be updated again; raises `error` if it may be later."""
    if error.code == "message_not_found":
        return MessageState()
    if error.code in NOT_EDITABLE:
        return MessageState(replaces=state.ts)
    raise error


def _is_blocks_error(message: Message, error: CallError) -> bool:
    """True if Slack refused the message's blocks; logged as an error, because rendering is at fault."""
    odd = bool(message.blocks) and isinstance(error, Refused) and error.code in INVALID_BLOCKS
    if odd:
        log.error("slack.blocks_refused", key=message.key, why=str(error), reference=reference())
    return odd


async def _save(place: MessageTarget, state: MessageState) -> MessageState:
    await place.save(state)
    return state
