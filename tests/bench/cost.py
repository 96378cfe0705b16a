"""What one event and one click cost in processor time and Redis commands, and one open incident in memory."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from urllib.parse import unquote

from bolt_app.open_incidents import OpenIncidentReader
from shared.model.ids import ChannelId
from shared.store import document_kinds, keys
from shared.store.channel_index import OpenIncidents
from shared.store.coordination import WorkQueue
from shared.store.incidents import Incidents
from tests.bench.environment import Stage, until
from tests.bench.measurement import Figure, Sizes, used
from tests.bench.traffic import Traffic, watched

COST = "Cost per event"
MEMORY = "Many open incidents"
NONE = "the same worker with no incident"
ACTS = 4
ROUNDS = 3
"""How often traffic is counted; the least counts, because upkeep may fall into one, or a further pass."""
AT_ONCE = 100
"""Incidents that are opened together: PagerDuty gives each delivery 5 s."""


async def measured(stage: Stage, sizes: Sizes) -> list[Figure]:
    """Let many incidents live their whole lives, and see what that took."""
    await _live(stage, 1)  # warms up
    idle = await _idle(stage, sizes.rest)
    # Before there are many incidents whose cards wait to be enriched, at the pace of upkeep.
    shown, whole = await _clicks(stage, sizes.clicks, idle)
    worker, receiver = used(stage.worker.child.pid).cpu, used(stage.receiver.child.pid).cpu
    calls, begun = len(stage.bridge.slack.calls), time.perf_counter()
    await _live(stage, sizes.incidents)
    seconds, events = time.perf_counter() - begun, sizes.incidents * ACTS
    spent = used(stage.worker.child.pid).cpu - worker, used(stage.receiver.child.pid).cpu - receiver
    told = (len(stage.bridge.slack.calls) - calls) / events
    event = min([await _event(stage, sizes.few) for _ in range(ROUNDS)])
    return [
        Figure(COST, "worker: fold, render, show", 1000 * spent[0] / events, "CPU ms"),
        Figure(COST, "receiver: verify, store", 1000 * spent[1] / events, "CPU ms"),
        Figure(COST, "Redis commands, those in scripts too", event[0], ""),
        Figure(COST, "round trips to Redis", event[1], ""),
        Figure(COST, "click to card, Redis commands", shown[0], ""),
        Figure(COST, "click to card, round trips to Redis", shown[1], ""),
        Figure(COST, "click to enriched card, Redis commands", whole[0], ""),
        Figure(COST, "click to enriched card, round trips to Redis", whole[1], ""),
        Figure(COST, "idle, Redis commands", idle[0], "1/s"),
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
    few = await _beside(stage, sizes)
    await _open(stage, sizes.real - 2 * sizes.few)
    await _copy(stage, sizes.many - sizes.real)
    await _open(stage, sizes.few)
    found += _figures(sizes.many, before, await _held(stage))
    many = await _beside(stage, sizes)
    found += [
        Figure(MEMORY, f"one event beside {opened:,} open", cost, "CPU ms", few, f"beside {sizes.few:,}")
        for opened, cost in ((sizes.few, few), (sizes.many, many))
    ]
    return [*found, *await _lists(stage, sizes.many)]


async def _beside(stage: Stage, sizes: Sizes) -> float:
    """Return what one event takes of the worker's processor; the least of several, because upkeep may fall into one."""
    spent: list[float] = []
    for _ in range(sizes.rounds):
        before = used(stage.worker.child.pid).cpu
        await _live(stage, sizes.notes)
        spent.append(1000 * (used(stage.worker.child.pid).cpu - before) / (sizes.notes * ACTS))
    return min(spent)


async def _lists(stage: Stage, incidents: int) -> list[Figure]:
    """See how long it takes to read what a list shows, or the incident of a number, with so many open."""
    redis, channel = stage.redis, ChannelId(stage.bridge.channel.id)
    states, queue = document_kinds.surfaces(redis), WorkQueue(redis, "dirty", 1.0)
    reader = OpenIncidentReader(OpenIncidents(redis), Incidents(redis), states, queue)
    number = str(stage.bridge.pagerduty.incidents[-1].number)
    begun = time.perf_counter()
    await reader.shown_in(channel)
    listed = time.perf_counter()
    await reader.named(number, channel)
    taken = {"a channel's list": listed - begun, "an incident's number": time.perf_counter() - listed}
    return [Figure(MEMORY, f"{what}, {incidents:,} open", 1000 * took, "ms") for what, took in taken.items()]


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


async def _event(stage: Stage, incidents: int) -> tuple[float, float]:
    """Let incidents live their whole lives; return the traffic of one of their events."""
    async with _watched(stage) as asked:
        await _live(stage, incidents)
    return asked.each(incidents * ACTS)


async def _open(stage: Stage, incidents: int) -> None:
    for first in range(0, incidents, AT_ONCE):
        for number in range(first, min(first + AT_ONCE, incidents)):
            stage.bridge.trigger(f"Open {number}")
        await stage.at_rest()


async def _copy(stage: Stage, incidents: int) -> None:
    """Copy everything that Redis holds of one open incident, under other ids."""
    redis, model = stage.redis, stage.bridge.pagerduty.incidents[-1].id
    names = [key.decode() async for key in redis.scan_iter(match=f"{keys.OF_INCIDENT}{model}:*", count=1000)]
    for first in range(0, incidents, AT_ONCE):
        copying = redis.pipeline(transaction=False)
        for number in range(first, min(first + AT_ONCE, incidents)):
            copied = f"{number:0{len(model)}d}"
            for name in names:
                copying.execute_command("COPY", name, name.replace(model, copied))
            for index in (keys.OPEN, keys.of_channel(ChannelId(stage.bridge.channel.id), "open")):
                copying.execute_command("ZADD", index, number, copied)
        await copying.execute()


async def _clicks(
    stage: Stage, clicks: int, idle: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """
    Let Alice acknowledge incidents from Slack; return the traffic of one click, beyond what comes without it.

    First until its card and thread are told and its card is to be enriched, then until that is done and shown, too.
    """
    shown, whole = Traffic(), Traffic()
    for number in range(clicks):
        stage.bridge.trigger(f"Clicked {number}")
        card = await stage.bridge.card(f"Clicked {number}")
        await stage.enriched()
        async with _watched(stage, idle) as asked:
            await stage.bridge.click("Alice", "Acknowledge", card)
            await until(lambda: "Acknowledged" in card.plain and len(card.replies) > 0, "the acknowledge")  # noqa: B023
            await stage.enriched()
        shown.add(asked.shown or asked)
        whole.add(asked)
    return shown.each(clicks), whole.each(clicks)


async def _idle(stage: Stage, seconds: float) -> tuple[float, float]:
    """Return the traffic of a second in which nothing happens, once all that a start brings is over."""
    counted: list[tuple[float, float]] = []
    for _ in range(1 + ROUNDS):
        async with _watched(stage) as asked:
            await asyncio.sleep(seconds)
        counted.append(asked.each(seconds))
    return min(counted[1:])


def _watched(stage: Stage, idle: tuple[float, float] = (0.0, 0.0)) -> AbstractAsyncContextManager[Traffic]:
    return watched(stage.redis, unquote(stage.bridge.valkey.url.removeprefix("unix://")), idle)


async def _held(stage: Stage) -> tuple[int, int]:
    """Tell how many bytes Redis and the worker hold."""
    found = await stage.redis.info("memory")
    return int(found["used_memory"]), used(stage.worker.child.pid).memory
