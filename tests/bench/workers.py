"""How many events a second several workers take off one pile, on one Redis and on a Cluster of three masters."""

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.loopback import HOST
from shared.store.redis import connect
from tests.bench.environment import PATIENCE, Stage
from tests.bench.measurement import Figure, Sizes, used
from tests.bench.model import Costs, throughput
from tests.bench.traffic import OWN
from tests.cluster_servers import ClusterServers
from tests.stories.harness import SECRET
from tests.stories.processes import Process, deployed

ACTS = 4
WANTED = 1.7
"""By how much two workers are to take more than one, where the cores allow it."""


async def measured(directory: Path, sizes: Sizes) -> list[Figure]:
    """Let each number of workers take the same pile, with each number of masters."""
    found: list[Figure] = []
    for masters in sizes.masters:
        rates: dict[int, float] = {}
        costs = Costs(1, 1, 1)
        for workers in sizes.fleet:
            async with _stage(directory / f"{masters}-{workers}", masters, workers) as (stage, fleet):
                rates[workers], spent = await _pile(stage, fleet, sizes.pile)
            # What one event takes is what it takes where no worker is in another's way.
            costs = spent if workers == min(sizes.fleet) else costs
        found += _figures(masters, rates, costs)
    return found


def _figures(masters: int, rates: dict[int, float], costs: Costs) -> list[Figure]:
    section, one = f"Workers share the work, masters: {masters}", rates[min(rates)]
    parts = {"a worker": costs.worker, "Redis": costs.redis, "the simulators": costs.others}
    return [
        *(Figure(section, f"one event: {name}", each, "CPU ms") for name, each in parts.items()),
        *(
            Figure(
                section, f"{workers} at work: events", rate, "1/s", throughput(costs, workers, os.cpu_count())[0], words
            )
            for workers, rate in rates.items()
            for words in ["what the model says for these cores"]
        ),
        *(
            Figure(
                section, f"{workers} beside {min(rates)}", rate / one, "x", WANTED, "wanted of two, where cores allow"
            )
            for workers, rate in rates.items()
            if workers > min(rates)
        ),
    ]


@asynccontextmanager
async def _stage(directory: Path, masters: int, workers: int) -> AsyncIterator[tuple[Stage, list[Process]]]:
    server = ClusterServers(directory / "servers") if masters > 1 else None
    async with deployed(directory, cast("EmbeddedValkey | None", server)) as bridge:
        receiver = await bridge.receiver()
        bridge.pagerduty.subscribe(f"http://{HOST}:{bridge.receiver_port}/webhooks/pagerduty", secrets=[SECRET])
        fleet = [await bridge.worker("tests.bench.unpaced_worker") for _ in range(workers)]
        redis = connect(f"{bridge.valkey.url}?client_name={OWN}")
        try:
            yield Stage(bridge, receiver, fleet[0], redis), fleet
        finally:
            await redis.aclose()


async def _pile(stage: Stage, fleet: list[Process], incidents: int) -> tuple[float, Costs]:
    """Let deliveries pile up while the workers sleep; return how many a second they take then, and what one takes."""
    await _live(stage, 1)
    await stage.at_rest()
    for worker in fleet:
        worker.send(signal.SIGSTOP)
    received = used(stage.receiver.child.pid).cpu
    await _live(stage, incidents)
    received = used(stage.receiver.child.pid).cpu - received
    before, begun = _spent(stage, fleet), time.perf_counter()
    for worker in fleet:
        worker.send(signal.SIGCONT)
    await stage.at_rest()
    seconds, events = time.perf_counter() - begun, incidents * ACTS
    spent = zip(_spent(stage, fleet), before, strict=True)
    # So little is measured in hundredths of a second that it may be nothing.
    by_worker, by_redis, others = (max(0.01, 1000 * (after - then) / events) for after, then in spent)
    return events / seconds, Costs(by_worker, by_redis, max(0.01, 1000 * received / events), others)


async def _live(stage: Stage, incidents: int) -> None:
    """Let incidents be opened, acknowledged, reassigned and resolved; wait until every delivery is stored."""
    alice, bob = (stage.bridge.pagerduty.web(user) for user in ("PALICE1", "PBOB1"))
    opened = [stage.bridge.trigger(f"Piled {number}").id for number in range(incidents)]
    for act in (alice.acknowledge, partial(alice.reassign, user_ids=["PBOB1"]), bob.resolve):
        await stage.bridge.pagerduty.webhooks.wait_until_idle(timeout=PATIENCE)
        for one in opened:
            act(one)
    await stage.bridge.pagerduty.webhooks.wait_until_idle(timeout=PATIENCE)


def _spent(stage: Stage, fleet: list[Process]) -> tuple[float, float, float]:
    """Return the seconds of a processor that workers, Redis and the simulators have taken."""
    own = os.times()
    return sum(used(worker.child.pid).cpu for worker in fleet), used(stage.bridge.valkey.pid).cpu, own.user + own.system
