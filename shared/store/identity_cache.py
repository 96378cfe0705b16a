"""Who is who, remembered for minutes: long enough for a burst of clicks, short enough for a change to be noticed."""

from shared.model.ids import SlackUserId, UserId
from shared.store import keys
from shared.store.redis import Redis

LINK_KEPT = 10 * 60
"""Seconds that a link is remembered."""
MISS_KEPT = 60
"""Seconds that a miss is cached; shorter, because the mapping may just be getting fixed."""

_MISS = "-"


class IdentityCache:
    """
    The caches of `shared.access.identity`. A lost entry costs a look-up, nothing else.

    Without a store it remembers nothing: for the one path that must do without.
    """

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis

    async def link(self, user: SlackUserId) -> UserId | None:
        """Recall which PagerDuty user a Slack user is."""
        found = await self._text(keys.link(user))
        return UserId(found) if found and not found.startswith(_MISS) else None

    async def is_known_miss(self, user: SlackUserId, email: str) -> bool:
        """Recall whether this address was looked for in vain just now."""
        return await self._text(keys.link(user)) == _MISS + email

    async def remember(self, user: SlackUserId, found: UserId) -> None:
        """Remember a link."""
        await self._keep(keys.link(user), found, LINK_KEPT)

    async def remember_miss(self, user: SlackUserId, email: str) -> None:
        """Cache that this address has no user."""
        await self._keep(keys.link(user), _MISS + email, MISS_KEPT)

    async def forget(self, user: SlackUserId) -> None:
        """Forget a link, or a vain search."""
        if self._redis is not None:
            await self._redis.delete(keys.link(user))

    async def mention(self, user: UserId) -> SlackUserId | None:
        """Return the Slack user of a PagerDuty user; empty if there is none, None if it is not cached."""
        found = await self._text(keys.mention(user))
        return None if found is None else SlackUserId(found)

    async def remember_mention(self, user: UserId, found: SlackUserId | None) -> None:
        """Cache the Slack user to mention, or that there is none."""
        await self._keep(keys.mention(user), found or "", LINK_KEPT if found else MISS_KEPT)

    async def _text(self, key: str) -> str | None:
        value = await self._redis.get(key) if self._redis is not None else None
        return value.decode() if isinstance(value, bytes) else None

    async def _keep(self, key: str, value: str, seconds: int) -> None:
        if self._redis is not None:
            await self._redis.set(key, value, ex=seconds)
