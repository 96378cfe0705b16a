"""The store's clock: the one clock that all workers share."""

import time
from collections.abc import Callable

from shared.store.redis import Redis


class StoreClock:
    """Tells the time by Redis, so that workers with wrong clocks still agree."""

    def __init__(self, redis: Redis, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._offset = 0.0

    async def now_ms(self) -> int:
        """Milliseconds since 1970 by the store's clock."""
        seconds, micros = await self._redis.time()
        now = int(seconds) * 1000 + int(micros) // 1000
        self.learn(now)
        return now

    def learn(self, now_ms: int) -> None:
        """Take notice of what the store's clock shows at this moment."""
        self._offset = now_ms - self._monotonic() * 1000

    def estimate_ms(self) -> int:
        """Tell roughly what `now_ms` would return, without asking: good to a round trip, needs one `now_ms` before."""
        return int(self._monotonic() * 1000 + self._offset)
