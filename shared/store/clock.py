"""The store's clock: the one clock that all workers share."""

import math
import time
from collections.abc import Callable

import structlog

from shared.store.redis import Redis

log = structlog.get_logger()

DRIFT_MS = 1000
"""Milliseconds by which the store's clock may differ from what it should show; beyond that it has been put."""


class StoreClock:
    """
    Tells the time by Redis, so that workers with wrong clocks still agree.

    It notices when that clock is put forward or back, which makes the times that are on record worthless for a while.
    """

    def __init__(self, redis: Redis, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._offset = 0.0
        self._between = (-math.inf, math.inf)
        self._jumped = -math.inf

    async def now_ms(self) -> int:
        """Milliseconds since 1970 by the store's clock."""
        asked = self._monotonic() * 1000
        seconds, micros = await self._redis.time()
        now = int(seconds) * 1000 + int(micros) // 1000
        self._compare(now - self._monotonic() * 1000, now - asked)
        self.observe(now)
        return now

    def remaining(self, until_ms: int, now_ms: int, at_most: float) -> float:
        """
        Return the seconds left until a recorded time that was never more than `at_most` ahead.

        While that is unknown, because the clock was set since, return `at_most`.
        """
        left = (until_ms - now_ms) / 1000
        since = self._monotonic() - self._jumped
        believed = left if left <= at_most + DRIFT_MS / 1000 else 0.0
        return max(believed, at_most - since, 0.0)

    def observe(self, now_ms: int) -> None:
        """Take notice of what the store's clock shows at this moment."""
        self._offset = now_ms - self._monotonic() * 1000

    def estimate_ms(self) -> int:
        """Return an estimate of `now_ms` without a call: good to a round trip, needs one `now_ms` before."""
        return int(self._monotonic() * 1000 + self._offset)

    def _compare(self, least: float, most: float) -> None:
        """Find out whether the clock was put since the last look; how far it is from ours lies between two bounds."""
        before_least, before_most = self._between
        if least > before_most + DRIFT_MS or most < before_least - DRIFT_MS:
            self._jumped = self._monotonic()
            log.warning("store.clock_put", seconds=round((least - before_least) / 1000), hint="look after its clock")
        self._between = (least, most)
