"""Work that waits in the store."""

from shared.store import keys
from shared.store.redis import Redis

STREAMS = (keys.EVENTS, keys.COMMANDS)
QUEUES = tuple(keys.of_queue(name, "due") for name in ("dirty", "commands", "briefings"))


async def waiting_work(redis: Redis) -> dict[str, int]:
    """
    Return how much waits on each stream, list and queue; those on which nothing does are left out.

    All are counted in one moment: what leaves one may come to another that was counted before. Raises what Redis does.
    """
    async with redis.pipeline(transaction=True) as counting:
        for stream in STREAMS:
            counting.xlen(stream)
        counting.llen(keys.DELIVERIES)
        for queue in QUEUES:
            counting.zcard(queue)
        counts = await counting.execute()
    return {name: count for name, count in zip((*STREAMS, keys.DELIVERIES, *QUEUES), counts, strict=True) if count}
