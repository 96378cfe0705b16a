"""The store's clock, the one clock that all workers share, and the birth of its data by that clock."""

import math
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from shared.errors import WrongLayout
from shared.store import keys
from shared.store.redis import Redis, run_script

log = structlog.get_logger()

_GENERATION = re.compile(rf"{keys.LAYOUT}:[^:]*:([0-9]{{1,15}})")
"""How the generation of data in this layout is written: `<layout>:<random>:<ms since 1970, by the store>`."""
DRIFT_MS = 1000
"""Milliseconds by which the store's clock may differ from what it should show; beyond that it has been put."""

FRESH = 0.5
"""Seconds for which what the store's clock showed is not asked for again: each piece of work begins with it."""


class StoreClock:
    """Tells the time by Redis, alike for all workers, and notices when it is set: recorded times are worthless then."""

    def __init__(self, redis: Redis, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._offset = 0.0
        self._between = (-math.inf, math.inf)
        self._jumped = -math.inf
        self._heard = -math.inf

    async def now_ms(self) -> int:
        """Milliseconds since 1970 by the store's clock, which is only asked if it told nothing just now."""
        asked = self._monotonic()
        if asked - self._heard > FRESH:
            seconds, micros = await self._redis.time()
            self.hear(int(seconds) * 1000 + int(micros) // 1000, asked)
        return self.estimate_ms()

    def hear(self, now: int, since: float) -> None:
        """Take notice of what the store's clock showed between `since`, on the monotonic one, and now."""
        self._heard, asked = since, since * 1000
        # How far it is from ours lies between two bounds; if those of the last look do not fit, it was put since.
        least, most = now - self._monotonic() * 1000, now - asked
        before_least, before_most = self._between
        if least > before_most + DRIFT_MS or most < before_least - DRIFT_MS:
            self._jumped = self._monotonic()
            log.warning(
                "store.clock_put", seconds=round((least - before_least) / 1000), hint="check the clock of its machine"
            )
        self._between = (least, most)
        self._offset = least

    def remaining(self, until_ms: int, now_ms: int, at_most: float) -> float:
        """Return the seconds left until a recorded time, `at_most` ahead; `at_most` if the clock was set since."""
        left = (until_ms - now_ms) / 1000
        since = self._monotonic() - self._jumped
        believed = left if left <= at_most + DRIFT_MS / 1000 else 0.0
        return max(believed, at_most - since, 0.0)

    async def until_settled(self, begun_ms: int, call_max: float) -> float:
        """Return for how many seconds a call may still take effect that was begun at that time or before."""
        return self.remaining(begun_ms + int(call_max * 1000), await self.now_ms(), call_max)

    def observe(self, now_ms: int) -> None:
        """Take notice of what the store's clock shows at this moment."""
        self._offset = now_ms - self._monotonic() * 1000

    def estimate_ms(self) -> int:
        """Return an estimate of `now_ms` without a call: good to a round trip, needs one `now_ms` before."""
        return int(self._monotonic() * 1000 + self._offset)


@dataclass(frozen=True)
class Birth:
    """
    A data set, by its `name`, and when it began (milliseconds since 1970, by the store).

    `partly` is true if it is older, and only what was written last before that time may be lost.
    """

    name: str
    ms: int
    partly: bool = False

    def at_least(self, ms: int) -> "Birth":
        """Return the birth of what was begun anew in this data set at `ms`, 0 if it was not."""
        return replace(self, name=f"{self.name}@{ms}", ms=ms) if ms > self.ms else self

    def without_last(self, ms: int) -> "Birth":
        """Return the birth of this data set if it lost its last writes at `ms`, 0 if it did not."""
        return replace(self.at_least(ms), partly=True) if ms > self.ms else self


class Generation:
    """The generation now; new once Redis has lost its data. Read after taking a lease, it holds as long as that."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def current(self) -> Birth:
        """Return the birth of the current data, and begin it if there is none. Raises `WrongLayout`."""
        kept = await self._redis.get(keys.GENERATION)
        name = kept.decode(errors="replace") if isinstance(kept, bytes) else await init_generation(self._redis)
        if (known := _GENERATION.fullmatch(name)) is None:
            raise _wrong_layout(name)
        return Birth(name, int(known[1]))


async def last_ping_ms(redis: Redis) -> int:
    """Return when a ping of PagerDuty's last came, in milliseconds by the store's clock; 0 for never."""
    kept = await redis.get(keys.PING)
    return int(kept) if isinstance(kept, bytes) and kept.isdigit() else 0


async def init_generation(redis: Redis) -> str:
    """Return the generation, beginning one if there is none."""
    born = f"{keys.LAYOUT}:{secrets.token_hex(8)}:{await StoreClock(redis).now_ms()}"
    kept = await run_script(redis, "init_generation", [keys.GENERATION], [born])
    return kept.decode() if isinstance(kept, bytes) else born


async def require_layout(redis: Redis) -> bool:
    """Raise `WrongLayout` if a program of another layout has written to this store; False if none has written yet."""
    kept = await redis.get(keys.GENERATION)
    if not isinstance(kept, bytes):
        return False
    name = kept.decode(errors="replace")
    if _GENERATION.fullmatch(name) is None:
        raise _wrong_layout(name)
    return True


def _wrong_layout(generation: str) -> WrongLayout:
    other = re.fullmatch(r"([0-9]+):[^:]*:[0-9]{1,15}", generation)
    layout = other[1] if other else "none"
    return WrongLayout(
        f"This store was written in layout {layout}, and this version of pagebridge needs layout {keys.LAYOUT}. "
        "Run the version that wrote it, or give this one an empty Redis (REDIS_URL, or --data of `pagebridge up`)."
    )
