"""What one event costs in processor time and Redis commands, and what one open incident costs in memory."""

import time

from tests.bench.measuring import Figure, Sizes, used
from tests.bench.stage import Stage

COST = "Cost per event"
MEMORY = "Memory"
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
    """Open incidents and leave them open, and see what Redis and the worker hold for each."""
    found: list[Figure] = []
    opened = 0
    before = await _held(stage)
    for number in (sizes.few, sizes.many):
        await _open(stage, number - opened)
        opened = number
        redis, worker = [now - then for now, then in zip(await _held(stage), before, strict=True)]
        found += [
            Figure(MEMORY, f"Redis, {number:,} open incidents", redis / number / 1024, "kB each"),
            Figure(MEMORY, f"worker, {number:,} open incidents", worker / number / 1024, "kB each"),
            Figure(MEMORY, f"worker in all, {number:,} open", (worker + before[1]) / 2**20, "MB"),
        ]
    return found


async def _live(stage: Stage, incidents: int) -> None:
    """Let incidents be opened, acknowledged, reassigned and resolved."""
    pagerduty = stage.bridge.pagerduty
    opened = [stage.bridge.trigger(f"Cost {number}").id for number in range(incidents)]
    await pagerduty.webhooks.idle(timeout=60)
    for one in opened:
        pagerduty.web("PALICE1").acknowledge(one)
    await pagerduty.webhooks.idle(timeout=60)
    for one in opened:
        pagerduty.web("PALICE1").reassign(one, ["PBOB1"])
    await pagerduty.webhooks.idle(timeout=60)
    for one in opened:
        pagerduty.web("PBOB1").resolve(one)
    await stage.at_rest()


async def _open(stage: Stage, incidents: int) -> None:
    for first in range(0, incidents, AT_ONCE):
        for number in range(first, min(first + AT_ONCE, incidents)):
            stage.bridge.trigger(f"Open {number}")
        await stage.at_rest()


async def _commands(stage: Stage) -> int:
    found = await stage.redis.info("stats")
    return int(found["total_commands_processed"])


async def _held(stage: Stage) -> tuple[int, int]:
    """Tell how many bytes Redis and the worker hold."""
    found = await stage.redis.info("memory")
    return int(found["used_memory"]), used(stage.worker.child.pid).memory
