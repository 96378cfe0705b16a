"""Waiting for rest: nothing on a stream, nothing due, nothing on its way to anybody, nothing about to happen."""

import asyncio

from shared.errors import StoreDown
from shared.store import keys
from shared.store.redis import Redis, connect
from tests.proof.chaos.environment import LOOK, Stage, Stuck
from tests.waiting_work import waiting_work

PATIENCE = 40.0
"""Seconds that everything may take to come to rest: a click's life, and what a dead worker holds up."""


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
    """
    Return what is still to be done, empty when nothing is.

    A command that has left the store meanwhile may have begun a timer, or sent a webhook: both are looked for last.
    """
    pagerduty = stage.company.pagerduty
    deliveries = len(pagerduty.webhooks.log)
    under_way = [each for each in pagerduty.webhooks.log if each.outcome in ("sending", "retrying")]
    if under_way and not await _idle(stage):
        return f"delivery of {under_way[-1].event_type} for {under_way[-1].incident_id}"
    try:
        waiting = await waiting_work(redis)
    except StoreDown as error:
        return str(error)
    if waiting:
        return ", ".join(f"{name} has {count}" for name, count in waiting.items())
    if pending := [each.id for each in pagerduty.incidents if each.pending_actions]:
        return f"timers of {pending}"
    return "webhooks that were sent meanwhile" if len(pagerduty.webhooks.log) > deliveries else ""


async def _idle(stage: Stage) -> bool:
    """Tell whether PagerDuty has nothing more to deliver; attempts that failed stay in its log as such."""
    try:
        await stage.company.pagerduty.webhooks.wait_until_idle(timeout=LOOK)
    except AssertionError:
        return False
    return True
