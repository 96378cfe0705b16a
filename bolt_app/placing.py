"""
One message, once.

Slack has no idempotency key, so a post is recorded before it is made, and looked for by its metadata before it is
made again. Between the two lies `call_max`: earlier, a post that was begun may not be visible yet.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.clock import Durations
from shared.errors import CallError, NotFound, Unavailable
from shared.model.ids import ChannelId, MessageTs
from shared.model.surface import Placed
from shared.slack.card import Message
from shared.slack.client import Slack
from shared.store.leases import Lease
from shared.store.time import StoreClock

Save = Callable[[Placed], Awaitable[None]]
"""Stores what is known of a message, checking that nobody has taken the incident over."""


@dataclass(frozen=True)
class Place:
    """Where a message belongs, and how to store what is known of it."""

    channel: ChannelId
    save: Save
    lease: Lease
    thread: MessageTs | None = None


class Placing:
    """Makes messages exist once, and say what they should."""

    def __init__(self, slack: Slack, clock: StoreClock, durations: Durations) -> None:
        self._slack = slack
        self._clock = clock
        self._durations = durations

    async def exist(self, message: Message, placed: Placed, place: Place) -> Placed:
        """
        Make sure that the message exists, and return it with its `ts`.

        Raises `Unavailable` while it is too early to tell whether an earlier post arrived, or what the post raised.
        """
        if placed.ts is not None:
            return placed
        if placed.unclear:
            found = await self._look_for(message, placed, place)
            if found is not None:
                return await _saved(place, Placed(ts=found))
        return await self._post(message, place)

    async def say(self, message: Message, placed: Placed, place: Place) -> Placed:
        """
        Make an existing message say what it should, if it does not already.

        A message that somebody deleted comes back as one that is not placed.
        """
        if placed.shown == message.digest or placed.ts is None:
            return placed
        begun = await self._clock.now_ms()
        late = self._may_land_late(placed, begun)
        # Unknown before the call, known after it: a crash in between must not leave a wrong belief behind.
        await place.save(replace(placed, shown=None))
        try:
            await place.lease.check(self._durations.slack_timeout)
            await self._slack.update(place.channel, placed.ts, text=message.text, blocks=message.blocks)
        except NotFound as error:
            if error.code != "message_not_found":
                raise
            return await _saved(place, Placed())
        except CallError as error:
            if not error.surely_not_done:
                await place.save(replace(placed, shown=None, until_ms=begun + self._call_max))
            raise
        if late > 0:
            # An earlier update that timed out may still overwrite this one, so once more when that is over.
            raise Unavailable("an earlier update of this message may still land", retry_after=late)
        return await _saved(place, Placed(ts=placed.ts, shown=message.digest))

    @property
    def _call_max(self) -> int:
        return int(self._durations.call_max * 1000)

    @staticmethod
    def _may_land_late(placed: Placed, now_ms: int) -> float:
        return 0.0 if placed.until_ms is None else max(0, placed.until_ms - now_ms) / 1000

    async def _look_for(self, message: Message, placed: Placed, place: Place) -> MessageTs | None:
        wait = self._may_land_late(placed, await self._clock.now_ms())
        if wait > 0:
            raise Unavailable("an earlier post of this message may still land", retry_after=wait)
        await place.lease.check(self._durations.slack_timeout)
        return await self._slack.find_by_key(
            place.channel, message.key, oldest_ms=placed.begun_ms or 0, thread_ts=place.thread
        )

    async def _post(self, message: Message, place: Place) -> Placed:
        begun = await self._clock.now_ms()
        await place.save(Placed(begun_ms=begun, until_ms=begun + self._call_max))
        await place.lease.check(self._durations.slack_timeout)
        try:
            ts = await self._slack.post(
                place.channel,
                text=message.text,
                blocks=message.blocks,
                metadata=message.metadata,
                thread_ts=place.thread,
            )
        except CallError as error:
            if error.surely_not_done:
                await place.save(Placed())
            raise
        return await _saved(place, Placed(ts=ts, shown=message.digest))


async def _saved(place: Place, placed: Placed) -> Placed:
    await place.save(placed)
    return placed
