"""Waiting for rest: nothing on a stream, nothing due, nothing on its way to anybody, nothing about to happen."""

import asyncio

from shared.errors import StoreDown
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.proof.chaos.environment import LOOK, Stage, Stuck

PATIENCE = 40.0
"""Seconds that everything may take to come to rest: a click's life, and what a dead worker holds up."""
STREAMS = (keys.EVENTS, keys.COMMANDS)
QUEUES = (keys.of_queue("dirty", "due"), keys.of_queue("commands", "due"), keys.of_queue("briefings", "due"))


async def rested(stage: Stage) -> None:
    """Wait until the bridge is at rest. Raises `Stuck`, saying what it was still at."""
    await stage.working()
    redis = connect(stage.store.valkey.url)
    left = "everything"
    try:
        async with asyncio.timeout(PATIENCE):
            while left:
                left = await _left(stage, redis)
                stage.journal.waiting_for = left
                await asyncio.sleep(LOOK)
    except TimeoutError:
        raise Stuck(f"no rest after {PATIENCE:.0f} s: {left}") from None
    finally:
        await redis.aclose()


async def begun_anew(stage: Stage) -> None:
    """Wait until a worker has noticed that the store is empty. Raises `Stuck`."""
    redis = connect(stage.store.valkey.url)
    stage.journal.waiting_for = "a worker that notices an empty store"
    try:
        async with asyncio.timeout(PATIENCE):
            while not await redis.exists(keys.GENERATION):  # noqa: ASYNC110 -- it is in another process
                await asyncio.sleep(LOOK)
    except TimeoutError:
        raise Stuck(f"waited {PATIENCE:.0f} s in vain for {stage.journal.waiting_for}") from None
    finally:
        await redis.aclose()


async def _left(stage: Stage, redis: Redis) -> str:
    """Say what is still to be done, empty when nothing is."""
    pagerduty = stage.company.pagerduty
    pending = [each.id for each in pagerduty.incidents if each.pending_actions]
    if pending:
        return f"timers of {pending}"
    under_way = [each for each in pagerduty.webhooks.log if each.outcome in ("sending", "retrying")]
    if under_way and not await _idle(stage):
        return f"delivery of {under_way[-1].event_type} for {under_way[-1].incident_id}"
    try:
        return await _in_store(redis)
    except StoreDown as error:
        return str(error)


async def _idle(stage: Stage) -> bool:
    """Tell whether PagerDuty has nothing more to deliver; attempts that failed stay in its log as such."""
    try:
        await stage.company.pagerduty.webhooks.wait_until_idle(timeout=LOOK)
    except AssertionError:
        return False
    return True


async def _in_store(redis: Redis) -> str:
    """Say which streams and queues have something in them."""
    lengths = {stream: int(await redis.xlen(stream)) for stream in STREAMS}
    lengths[keys.DELIVERIES] = int(await redis.execute_command("LLEN", keys.DELIVERIES))
    due = {queue: await redis.zrange(queue, 0, 5) for queue in QUEUES}
    busy = [f"{name} has {length}" for name, length in lengths.items() if length]
    return ", ".join(busy + [f"{name} has {members}" for name, members in due.items() if members])
