"""What one event costs in processor time and Redis commands, and what one open incident costs in memory."""

import time

from shared.model.ids import ChannelId
from shared.store import keys
from tests.bench.environment import Stage
from tests.bench.measurement import Figure, Sizes, used

COST = "Cost per event"
MEMORY = "Memory"
NONE = "the same worker with no incident"
ACTS = 4
AT_ONCE = 100
"""Incidents that are opened together: PagerDuty gives each delivery 5 s."""


async def measured(stage: Stage, sizes: Sizes) -> list[Figure]:
    """Let many incidents live their whole lives, and see what that took."""
    await _live(stage, 1)  # warms up
    worker, receiver = used(stage.worker.child.pid).cpu, used(stage.receiver.child.pid).cpu
    commands, calls, begun = await _commands(stage), len(stage.bridge.slack.calls), time.perf_counter()
    await _live(stage, sizes.incidents)
    seconds, events = time.perf_counter() - begun, sizes.incidents * ACTS
    spent = used(stage.worker.child.pid).cpu - worker, used(stage.receiver.child.pid).cpu - receiver
    told = (len(stage.bridge.slack.calls) - calls) / events
    return [
        Figure(COST, "worker: fold, render, show", 1000 * spent[0] / events, "CPU ms"),
        Figure(COST, "receiver: verify, store", 1000 * spent[1] / events, "CPU ms"),
        Figure(COST, "Redis commands, those in scripts too", (await _commands(stage) - commands) / events, ""),
        Figure(COST, "calls to Slack", told, "", (ACTS + 1) / ACTS, "a line each, and a card for four"),
        Figure(COST, "throughput of one worker", events / seconds, "1/s"),
    ]


async def memory(stage: Stage, sizes: Sizes) -> list[Figure]:
    """
    Open incidents and leave them open, and see what Redis and the worker hold for each.

    To come to the many in time, the worker works on `sizes.real` of them, and the others are copies in Redis.
    """
    found: list[Figure] = []
    before = await _held(stage)
    await _open(stage, sizes.few)
    found += _figures(sizes.few, before, await _held(stage))
    await _open(stage, sizes.real - 2 * sizes.few)
    await _copy(stage, sizes.many - sizes.real)
    await _open(stage, sizes.few)
    found += _figures(sizes.many, before, await _held(stage))
    return found


def _figures(incidents: int, before: tuple[int, int], now: tuple[int, int]) -> list[Figure]:
    redis, worker = (after - then for after, then in zip(now, before, strict=True))
    return [
        Figure(MEMORY, f"Redis, {incidents:,} open incidents", redis / incidents / 1024, "kB each"),
        Figure(MEMORY, f"worker, {incidents:,} open incidents", worker / incidents / 1024, "kB each"),
        Figure(MEMORY, f"worker in all, {incidents:,} open incidents", now[1] / 2**20, "MB", before[1] / 2**20, NONE),
    ]


async def _live(stage: Stage, incidents: int) -> None:
    """Let incidents be opened, acknowledged, reassigned and resolved."""
    pagerduty = stage.bridge.pagerduty
    opened = [stage.bridge.trigger(f"Cost {number}").id for number in range(incidents)]
    await pagerduty.webhooks.wait_until_idle(timeout=60)
    for one in opened:
        pagerduty.web("PALICE1").acknowledge(one)
    await pagerduty.webhooks.wait_until_idle(timeout=60)
    for one in opened:
        pagerduty.web("PALICE1").reassign(one, ["PBOB1"])
    await pagerduty.webhooks.wait_until_idle(timeout=60)
    for one in opened:
        pagerduty.web("PBOB1").resolve(one)
    await stage.at_rest()


async def _open(stage: Stage, incidents: int) -> None:
    for first in range(0, incidents, AT_ONCE):
        for number in range(first, min(first + AT_ONCE, incidents)):
            stage.bridge.trigger(f"Open {number}")
        await stage.at_rest()


async def _copy(stage: Stage, incidents: int) -> None:
    """Copy everything that Redis holds of one open incident, under other ids."""
    redis, model = stage.redis, stage.bridge.pagerduty.incidents[-1].id
    names = [key.decode() async for key in redis.scan_iter(match=f"pb:{{{model}}}:*", count=1000)]
    for first in range(0, incidents, AT_ONCE):
        copying = redis.pipeline(transaction=False)
        for number in range(first, min(first + AT_ONCE, incidents)):
            copied = f"{number:0{len(model)}d}"
            for name in names:
                copying.execute_command("COPY", name, name.replace(model, copied))
            for index in (keys.OPEN, keys.of_channel(ChannelId(stage.bridge.channel.id), "open")):
                copying.execute_command("ZADD", index, number, copied)
        await copying.execute()


async def _commands(stage: Stage) -> int:
    found = await stage.redis.info("stats")
    return int(found["total_commands_processed"])


async def _held(stage: Stage) -> tuple[int, int]:
    """Tell how many bytes Redis and the worker hold."""
    found = await stage.redis.info("memory")
    return int(found["used_memory"]), used(stage.worker.child.pid).memory
