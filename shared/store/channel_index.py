"""Indexes by channel: open incidents and those just over, those that wait for it to open, and delayed cards."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.model.event import SECOND
from shared.model.ids import ChannelId, IncidentId
from shared.store import keys
from shared.store.redis import Argument, Redis, run_script
from shared.store.unreadable import read_member

STORM, STORM_MS = 10, 1800 * SECOND
"""With more incidents opened in a channel within these milliseconds, and still open, it has enough to do."""


class OpenIncidents:
    """The index of open incidents, newest first, in all and by channel; it may lag, so check the projection too."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(
        self, incident: IncidentId, channels: Iterable[ChannelId], created_ms: int, hidden: Iterable[ChannelId] = ()
    ) -> None:
        """Note that an incident is open, where it is shown, and in which channels it is `hidden` from now on."""
        shown = [keys.OPEN, *(keys.of_channel(channel, "open") for channel in channels)]
        left = [keys.of_channel(channel, "open") for channel in hidden]
        await run_script(self._redis, "list_open", [*shown, *left], [incident, created_ms, len(shown)])

    async def drop(self, incident: IncidentId, channels: Iterable[ChannelId]) -> None:
        """Note that an incident is not open any more; it counts as just over for a day from now."""
        names = [keys.OPEN, keys.OVER]
        names += [keys.of_channel(channel, part) for channel in channels for part in ("open", "over")]
        await run_script(self._redis, "list_over", names, [incident, keys.OVER_KEPT])

    async def all(self, most: int = 0) -> list[IncidentId]:
        """List every open incident, or the `most` newest."""
        return await self._list(keys.OPEN, most)

    async def shown_in(self, channel: ChannelId, most: int = 0) -> list[IncidentId]:
        """List the open incidents with a card in `channel`, all or the `most` newest."""
        return await self._list(keys.of_channel(channel, "open"), most)

    async def just_over(self, channel: ChannelId | None, most: int) -> list[IncidentId]:
        """List the `most` incidents last over, of a channel or of all; one may be open again."""
        return await self._list(keys.OVER if channel is None else keys.of_channel(channel, "over"), most)

    async def is_storm(self, channel: ChannelId, now_ms: int) -> bool:
        """True while so many incidents of the last half hour are open in `channel` that what can wait is left."""
        since_ms = now_ms - STORM_MS
        return int(await self._redis.zcount(keys.of_channel(channel, "open"), since_ms, "+inf")) > STORM

    async def _list(self, key: str, most: int) -> list[IncidentId]:
        members: list[bytes] = await self._redis.zrevrange(key, 0, most - 1)  # type: ignore[assignment]  # redis-py's union of all replies
        return [incident for member in members if (incident := await read_member(self._redis, key, member))]


@dataclass(frozen=True)
class ClosedChannels:
    """
    The incidents that wait for a channel that cannot be posted to.

    Only the one that has waited longest retries; when it succeeds, the next one follows. So a closed channel costs one
    call a minute, however many cards wait for it.
    """

    redis: Redis

    async def add(self, channel: ChannelId, incident: IncidentId, now_ms: int) -> bool:
        """Add an incident to those that wait for `channel`; return true if it is the one that retries."""
        key = keys.of_channel(channel, "closed")
        if await self.redis.zscore(key, incident) is None:
            await self.redis.zadd(key, {incident: now_ms})
        await self.redis.expire(key, keys.INCIDENT_KEPT)
        return await self.first(channel) == incident

    async def may_try(self, channel: ChannelId, incident: IncidentId) -> bool:
        """Return true if an incident that had to wait may try `channel` now."""
        waits = await self.redis.zscore(keys.of_channel(channel, "closed"), incident) is not None
        return not waits or await self.first(channel) == incident

    async def remove(self, channel: ChannelId, incident: IncidentId) -> None:
        """Note that an incident does not wait any more."""
        await self.redis.zrem(keys.of_channel(channel, "closed"), incident)

    async def first(self, channel: ChannelId) -> IncidentId | None:
        """Find the incident that has waited longest."""
        key, first = keys.of_channel(channel, "closed"), None
        while first is None:
            found: list[bytes] = await self.redis.zrange(key, 0, 0)  # type: ignore[assignment]  # redis-py's union of all replies
            if not found:
                return None
            first = await read_member(self.redis, key, found[0])
        return first


OVER = 2
"""A lag is over when the oldest card has waited only a part of what began it, this many times less: no to and fro."""

Verdict = Literal["begin", "end", ""]


@dataclass(frozen=True)
class Delay:
    """
    The backlog of a channel: how many cards wait, and how many seconds the oldest has.

    `verdict` makes the caller announce that cards are late (`begin`), or no longer (`end`); only that caller does.
    """

    verdict: Verdict
    cards: int
    seconds: float


@dataclass(frozen=True)
class DelayedCards:
    """The cards of each channel that have to wait. `most` is how many seconds are nothing to speak of."""

    redis: Redis
    most: float

    async def record(self, channel: ChannelId, incident: IncidentId, since_ms: int | None) -> Delay:
        """Note that a card has to wait since then, unless it is noted since earlier; with None, that it has not to."""
        names = [keys.of_channel(channel, "behind"), keys.of_channel(channel, "lag")]
        most_ms = int(self.most * 1000)
        since = "" if since_ms is None else str(since_ms)
        arguments: list[Argument] = [incident, since, most_ms, most_ms // OVER, keys.LAG_KEPT]
        found = await run_script(self.redis, "delayed_card", names, arguments)
        verdict, cards, age = found if isinstance(found, list) else (b"", 0, 0)
        told: Verdict = "begin" if verdict == b"begin" else "end" if verdict == b"end" else ""
        return Delay(told, int(cards), int(age) / 1000)

    async def undo_notice(self, channel: ChannelId, verdict: Verdict) -> None:
        """Note that people could not be told; the next one who asks has to."""
        if verdict == "begin":
            await self.redis.delete(keys.of_channel(channel, "lag"))
        else:
            await self.redis.set(keys.of_channel(channel, "lag"), "1", ex=keys.LAG_KEPT)
