"""What one more event costs in an incident that already has many lines."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from pagebridge_sandbox.slack import Fault
from shared.model.ids import IncidentId
from shared.model.incident import Incident
from shared.store.documents import json_of
from shared.store.incidents import Incidents
from tests.bench.environment import Stage
from tests.bench.measurement import Figure, Sizes, used

SECTION = "One event of an incident with a history"
UNITS = {"worker": "CPU ms", "to and from Redis": "kB", "Redis commands": ""}
AT_ONCE = 25
"""Notes that are written together: PagerDuty gives each delivery 5 s."""

Cost = tuple[float, float, float]
Rest = Callable[[], Awaitable[None]]
"""Waits until what was written has come in."""
INCIDENT_JSON = json_of(Incident)


async def measured(stage: Stage, sizes: Sizes) -> list[Figure]:
    """Write notes on one incident, and see what a few more cost after few and after many."""
    await _write(stage, stage.bridge.trigger("Warms up").id, AT_ONCE)
    incident, written = stage.bridge.trigger("Long").id, 1
    costs: dict[int, Cost] = {}
    for lines in sizes.lines:
        await _write(stage, incident, lines - written)
        # A resync may fall into one.
        costs[lines] = min([await _cost(stage, incident, sizes) for _ in range(sizes.rounds)])
        written = lines + sizes.rounds * (sizes.notes + 1)
    few = min(costs)
    return [
        Figure(SECTION, f"{what}, after {lines:,} lines", cost[at], unit, costs[few][at], f"after {few:,}")
        for at, (what, unit) in enumerate(UNITS.items())
        for lines, cost in costs.items()
    ]


async def untold(stage: Stage, sizes: Sizes) -> list[Figure]:
    """Do the same while Slack takes no message, so that nothing can be told; passes fail and are made again."""
    incident, written = stage.bridge.trigger("Untold").id, 1
    await stage.at_rest()
    outage = stage.bridge.slack.add_fault(Fault("chat.postMessage", error="internal_error"))
    costs: dict[int, tuple[float, float]] = {}
    briefly = replace(sizes, notes=max(1, sizes.notes // 4))
    for lines in sizes.lines:
        await _write(stage, incident, lines - written, stage.folded)
        cost = min([await _cost(stage, incident, briefly, stage.folded) for _ in range(sizes.rounds)])
        held = await Incidents(stage.redis).load(IncidentId(incident))
        costs[lines] = cost[0], len(INCIDENT_JSON.dump_json(held.value)) / 1024
        written = lines + sizes.rounds * (briefly.notes + 1)
    outage.remove()
    few = min(costs)
    return [
        Figure(SECTION, f"{what}, beside {lines:,} untold", cost[at], unit, costs[few][at], f"beside {few:,}")
        for at, (what, unit) in enumerate({"worker": "CPU ms", "its document": "kB"}.items())
        for lines, cost in costs.items()
    ]


async def _write(stage: Stage, incident: str, notes: int, rest: Rest | None = None) -> None:
    for first in range(0, notes, AT_ONCE):
        for number in range(first, min(first + AT_ONCE, notes)):
            stage.bridge.pagerduty.web("PALICE1").add_note(incident, f"One of {notes} notes: {number}")
        await (rest or stage.at_rest)()


async def _cost(stage: Stage, incident: str, sizes: Sizes, rest: Rest | None = None) -> Cost:
    """Write notes one by one after a while of rest, and return what each cost, in the order of `UNITS`."""
    await asyncio.sleep(sizes.rest)
    await _write(stage, incident, 1, rest)
    before = await _spent(stage)
    for number in range(sizes.notes):
        stage.bridge.pagerduty.web("PALICE1").add_note(incident, f"A note by itself: {number}")
        await (rest or stage.at_rest)()
    spent = zip(await _spent(stage), before, strict=True)
    cpu, size, commands = ((after - then) / sizes.notes for after, then in spent)
    return 1000 * cpu, size / 1024, commands


async def _spent(stage: Stage) -> Cost:
    found = await stage.redis.info("stats")
    moved = int(found["total_net_input_bytes"]) + int(found["total_net_output_bytes"])
    return used(stage.worker.child.pid).cpu, moved, int(found["total_commands_processed"])
