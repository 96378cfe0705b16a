"""
The index of open incidents, in all and by channel.

It is written after each pass and may lag or, after a crash, be wrong, so readers check the projection as well.
"""

from collections.abc import Iterable

from shared.model.ids import ChannelId, IncidentId, incident_id
from shared.store import keys
from shared.store.redis import Redis


class OpenIncidents:
    """The index, newest incident first."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(self, incident: IncidentId, channels: Iterable[ChannelId], created_ms: int) -> None:
        """Note that an incident is open, and where it is shown."""
        for key in self._keys(channels):
            await self._redis.zadd(key, {incident: created_ms})

    async def hide(self, incident: IncidentId, channels: Iterable[ChannelId]) -> None:
        """Note that an open incident is not shown in these channels any more."""
        for channel in channels:
            await self._redis.zrem(keys.open_in(channel), incident)

    async def drop(self, incident: IncidentId, channels: Iterable[ChannelId]) -> None:
        """Note that an incident is not open any more."""
        for key in self._keys(channels):
            await self._redis.zrem(key, incident)

    async def all(self) -> list[IncidentId]:
        """List every open incident."""
        return await self._list(keys.OPEN)

    async def shown_in(self, channel: ChannelId) -> list[IncidentId]:
        """List the open incidents with a card in `channel`."""
        return await self._list(keys.open_in(channel))

    async def _list(self, key: str) -> list[IncidentId]:
        members: list[bytes] = await self._redis.zrevrange(key, 0, -1)  # type: ignore[assignment]  # redis-py's union of all replies
        return [incident_id(member.decode()) for member in members]

    @staticmethod
    def _keys(channels: Iterable[ChannelId]) -> list[str]:
        return [keys.OPEN, *map(keys.open_in, channels)]
