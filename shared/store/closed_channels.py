"""
Which incidents wait for a channel that cannot be posted to.

Only the one that has waited longest tries, now and then; when it gets through, the next one does, and so on. So a
closed channel costs a call a minute, however many cards are in it.
"""

from shared.model.ids import ChannelId, IncidentId, incident_id
from shared.store import keys
from shared.store.redis import Redis


class ClosedChannels:
    """The waiting incidents of each channel."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, channel: ChannelId, incident: IncidentId, now_ms: int) -> bool:
        """Add an incident to those that wait for `channel`; return true if it is the one that retries."""
        key = keys.closed(channel)
        if await self._redis.zscore(key, incident) is None:
            await self._redis.zadd(key, {incident: now_ms})
        await self._redis.expire(key, keys.INCIDENT_KEPT)
        return await self.first(channel) == incident

    async def may_try(self, channel: ChannelId, incident: IncidentId) -> bool:
        """Return true if an incident that had to wait may try `channel` now."""
        waits = await self._redis.zscore(keys.closed(channel), incident) is not None
        return not waits or await self.first(channel) == incident

    async def remove(self, channel: ChannelId, incident: IncidentId) -> None:
        """Note that an incident does not wait any more."""
        await self._redis.zrem(keys.closed(channel), incident)

    async def first(self, channel: ChannelId) -> IncidentId | None:
        """Find the incident that has waited longest."""
        found: list[bytes] = await self._redis.zrange(keys.closed(channel), 0, 0)  # type: ignore[assignment]  # redis-py's union of all replies
        return incident_id(found[0].decode()) if found else None
