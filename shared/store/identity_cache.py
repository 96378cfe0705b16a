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
    """The caches of `shared.access.identity`. A lost entry costs a look-up, nothing else."""

    def __init__(self, redis: Redis) -> None:
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
        await self._redis.set(keys.link(user), found, ex=LINK_KEPT)

    async def remember_miss(self, user: SlackUserId, email: str) -> None:
        """Cache that this address has no user."""
        await self._redis.set(keys.link(user), _MISS + email, ex=MISS_KEPT)

    async def forget(self, user: SlackUserId) -> None:
        """Forget a link, or a vain search."""
        await self._redis.delete(keys.link(user))

    async def mention(self, user: UserId) -> SlackUserId | None:
        """Return the Slack user of a PagerDuty user; empty if there is none, None if it is not cached."""
        found = await self._text(keys.mention(user))
        return None if found is None else SlackUserId(found)

    async def remember_mention(self, user: UserId, found: SlackUserId | None) -> None:
        """Cache the Slack user to mention, or that there is none."""
        await self._redis.set(keys.mention(user), found or "", ex=LINK_KEPT if found else MISS_KEPT)

    async def _text(self, key: str) -> str | None:
        value = await self._redis.get(key)
        return value.decode() if isinstance(value, bytes) else None


class NoIdentityCache(IdentityCache):
    """Remembers nothing: for the one path that must do without the store."""

    def __init__(self) -> None:
        """Need no store."""

    async def link(self, _user: SlackUserId) -> UserId | None:
        """Recall nothing."""

    async def is_known_miss(self, _user: SlackUserId, _email: str) -> bool:
        """Recall nothing."""
        return False

    async def remember(self, _user: SlackUserId, _found: UserId) -> None:
        """Remember nothing."""

    async def remember_miss(self, _user: SlackUserId, _email: str) -> None:
        """Remember nothing."""

    async def forget(self, _user: SlackUserId) -> None:
        """Have nothing to forget."""
