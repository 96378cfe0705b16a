"""The Home tabs that may be open: Slack reports when a person opens one, but never when they leave it."""

from dataclasses import dataclass

from shared.model.event import SECOND
from shared.model.ids import SlackUserId, slack_id
from shared.store import keys
from shared.store.clock import StoreClock
from shared.store.coordination import WorkQueue, home_of
from shared.store.redis import Redis

FOLLOWED = 30 * 60
"""Seconds for which a tab is read again when something changes, from when its person was there last."""
LONGEST = FOLLOWED + 5
"""The longest valid rest, with a margin for this worker's estimate of the clock; a longer one means it was set back."""


@dataclass(frozen=True)
class OpenHomes:
    """Keeps until when each tab is followed and the ids that it depends on, and asks for it in its `queue`."""

    redis: Redis
    queue: WorkQueue
    clock: StoreClock

    async def ask(self, user: SlackUserId) -> None:
        """Ask for the tab of a person who is there now, and follow it from now on. Raises `StoreDown`."""
        await self.redis.zadd(keys.HOMES, {user: self.clock.estimate_ms() + FOLLOWED * SECOND})
        await self.redis.expire(keys.HOMES, FOLLOWED)
        await self.queue.mark(home_of(user))

    async def read_again(self, user: SlackUserId, after: float) -> None:
        """Ask for a tab that is followed, `after` so many seconds. Raises `StoreDown`."""
        await self.queue.mark(home_of(user), after)

    async def left(self, user: SlackUserId) -> float:
        """Return for how many seconds a tab is still to be followed; 0 if it is not. Raises `StoreDown`."""
        return self._left(await self.redis.zscore(keys.HOMES, user) or 0.0)

    def _left(self, until_ms: float) -> float:
        left = (until_ms - self.clock.estimate_ms()) / SECOND
        return left if 0 < left <= LONGEST else 0.0

    async def shows(self, user: SlackUserId, ids: frozenset[str]) -> None:
        """Note the ids that a tab depends on: of incidents, teams and people in PagerDuty. Raises `StoreDown`."""
        await self.redis.hset(keys.HOMES_SHOW, user, " ".join(sorted(ids)))
        await self.redis.expire(keys.HOMES_SHOW, FOLLOWED)

    async def followed(self) -> dict[SlackUserId, frozenset[str] | None]:
        """Return the tabs that are followed, with the ids that each depends on, None if unknown. Raises `StoreDown`."""
        until: list[tuple[bytes, float]] = await self.redis.zrange(keys.HOMES, 0, -1, withscores=True)  # type: ignore[assignment]  # redis-py's union of all replies
        users = [SlackUserId(slack_id(user.decode())) for user, at_ms in until if self._left(at_ms)]
        known: list[bytes | None] = await self.redis.hmget(keys.HOMES_SHOW, list(users)) if users else []  # type: ignore[assignment]  # the same
        ids = (None if each is None else frozenset(each.decode().split()) for each in known)
        return dict(zip(users, ids, strict=True))

    async def leave(self, user: SlackUserId) -> None:
        """Follow a tab no longer. Raises `StoreDown`."""
        await self.redis.zrem(keys.HOMES, user)
        await self.redis.hdel(keys.HOMES_SHOW, user)
