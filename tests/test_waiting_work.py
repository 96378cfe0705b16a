"""The count of work that waits in the store, on which many tests rely to know that all is done."""

import asyncio

import pytest

from shared.store import keys
from shared.store.redis import Redis, connect
from tests.servers import lent_valkey
from tests.waiting_work import waiting_work

LOOKS = 200


async def move_to_and_fro(redis: Redis, enough: asyncio.Event) -> None:
    """Move one delivery to the stream of events and back until it is enough; at each moment it is in one of both."""
    while not enough.is_set():
        async with redis.pipeline(transaction=True) as there:
            there.lpop(keys.DELIVERIES)
            there.xadd(keys.EVENTS, {"body": b"{}"})
            await there.execute()
        async with redis.pipeline(transaction=True) as back:
            back.delete(keys.EVENTS)
            back.rpush(keys.DELIVERIES, b"{}")
            await back.execute()


@pytest.mark.process
async def test_what_moves_is_never_missed() -> None:
    """A delivery that a worker moves at this moment is counted once, wherever it is; an empty store has nothing."""
    async with lent_valkey() as valkey:
        redis, worker = connect(valkey.url), connect(valkey.url)
        assert {} == await waiting_work(redis)
        await redis.rpush(keys.DELIVERIES, b"{}")
        async with asyncio.TaskGroup() as group:
            enough = asyncio.Event()
            group.create_task(move_to_and_fro(worker, enough))
            counts = [sum((await waiting_work(redis)).values()) for _ in range(LOOKS)]
            enough.set()
        await redis.aclose()
        await worker.aclose()

    assert [1] * LOOKS == counts
