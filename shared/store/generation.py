"""The birth of a data set: a key that is there from the first start on, and gone when Redis has lost its data."""

import secrets
from dataclasses import dataclass

from shared.store import keys
from shared.store.redis import Redis, Script


@dataclass(frozen=True)
class Birth:
    """A data set, by its `name`, and when it began (milliseconds since 1970, by the store)."""

    name: str
    ms: int


class Generation:
    """
    Tells which data set this is.

    Read it after taking a lease: then everything that is read later belongs to it, or the lease is lost too.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def current(self) -> Birth:
        """Return the birth of the data that is there now, and begin it if there is none."""
        kept = await self._redis.get(keys.GENERATION)
        name = kept.decode() if isinstance(kept, bytes) else await init_generation(self._redis)
        return Birth(name, int(name.rpartition(":")[2]))


async def init_generation(redis: Redis) -> str:
    """Return the generation, starting one if there is none: `<random>:<milliseconds since 1970, by the store>`."""
    seconds, micros = await redis.time()
    born = f"{secrets.token_hex(8)}:{int(seconds) * 1000 + int(micros) // 1000}"
    kept = await Script(redis, "init_generation")([keys.GENERATION], [born])
    return kept.decode() if isinstance(kept, bytes) else born
