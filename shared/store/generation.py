"""The birth of a data set: a key that is there from the first start on, and gone when Redis has lost its data."""

import secrets

from shared.store import keys
from shared.store.redis import Redis


async def generation(redis: Redis) -> str:
    """Return the generation, starting one if there is none: `<random>:<milliseconds since 1970, by the store>`."""
    seconds, _ = await redis.time()
    born = f"{secrets.token_hex(8)}:{int(seconds) * 1000}"
    await redis.set(keys.GENERATION, born, nx=True)
    kept = await redis.get(keys.GENERATION)
    return kept.decode() if isinstance(kept, bytes) else born
