"""The generation of the store: which data set this is, since when, and in which layout it was written."""

import secrets
from dataclasses import dataclass

from shared.errors import WrongLayout
from shared.store import keys
from shared.store.redis import Redis, Script


@dataclass(frozen=True)
class Birth:
    """A data set, by its `name`, and when it began (milliseconds since 1970, by the store)."""

    name: str
    ms: int


class Generation:
    """
    The generation, as it is now. It is gone when Redis has lost its data, and begins anew then.

    Read it after taking a lease: then everything read later belongs to it, or the lease is lost too.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def current(self) -> Birth:
        """Return the birth of the current data, and begin it if there is none. Raises `WrongLayout`."""
        kept = await self._redis.get(keys.GENERATION)
        name = kept.decode() if isinstance(kept, bytes) else await init_generation(self._redis)
        _require_layout(name)
        return Birth(name, int(name.rpartition(":")[2]))


async def init_generation(redis: Redis) -> str:
    """Return the generation, beginning one if there is none: `<layout>:<random>:<ms since 1970, by the store>`."""
    seconds, micros = await redis.time()
    born = f"{keys.LAYOUT}:{secrets.token_hex(8)}:{int(seconds) * 1000 + int(micros) // 1000}"
    kept = await Script(redis, "init_generation")([keys.GENERATION], [born])
    return kept.decode() if isinstance(kept, bytes) else born


async def require_layout(redis: Redis) -> bool:
    """Raise `WrongLayout` if a program of another layout has written to this store; False if none has written yet."""
    kept = await redis.get(keys.GENERATION)
    if not isinstance(kept, bytes):
        return False
    _require_layout(kept.decode())
    return True


def _require_layout(generation: str) -> None:
    layout = generation.partition(":")[0] if generation.count(":") > 1 else "none"
    if layout != keys.LAYOUT:
        raise WrongLayout(
            f"This store was written in layout {layout}, and this version of pagebridge needs layout {keys.LAYOUT}. "
            "Run the version that wrote it, or give this one an empty Redis (REDIS_URL, or --data of `pagebridge up`)."
        )
