"""The incident that a typed line without a number was first about. A redelivered line keeps it."""

from shared.model.ids import CommandId, IncidentId
from shared.store import keys
from shared.store.redis import Redis


class SlashTargets:
    """Remembers the incident that each line was about, or that it was about none."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def remember(self, typed: CommandId, incident: IncidentId | None) -> IncidentId | None:
        """Return what the line meant when it first came, which is `incident` if that is now. Raises `StoreDown`."""
        key, now = keys.typed(typed), incident or ""
        if await self._redis.set(key, now, nx=True, ex=keys.TYPED_KEPT):
            return incident
        kept = await self._redis.get(key)
        return IncidentId(kept.decode()) if isinstance(kept, bytes) and kept else None
