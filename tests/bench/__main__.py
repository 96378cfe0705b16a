"""
Measure the bridge: `make bench`, or `make bench ARGS="--json --only receiver"`.

Real sockets, processes of their own, a real Valkey; PagerDuty and Slack are the simulators. Only the storm
and the resync are played in virtual time, because Slack's limits would stretch the one to three quarters of an hour.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from itertools import chain, groupby
from pathlib import Path

from pagebridge.cli.terminal import progress
from tests.bench import cost, first_cards, history, latency, receiver, slow_pagerduty, storm, upkeep, workers
from tests.bench.charts import draw
from tests.bench.environment import staged
from tests.bench.measurement import TINY, Figure, Sizes
from tests.stories.processes import deployed


async def _receiver(directory: Path, sizes: Sizes) -> list[Figure]:
    async with deployed(directory) as bridge:
        return await receiver.measured(bridge, sizes)


async def _latency(directory: Path, sizes: Sizes) -> list[Figure]:
    async with staged(directory) as stage:
        return await latency.measured(stage.bridge, sizes)


async def _cost(directory: Path, sizes: Sizes) -> list[Figure]:
    async with staged(directory) as stage:
        return await cost.measured(stage, sizes)


async def _history(directory: Path, sizes: Sizes) -> list[Figure]:
    async with staged(directory) as stage:
        return [*await history.measured(stage, sizes), *await history.untold(stage, sizes)]


async def _memory(directory: Path, sizes: Sizes) -> list[Figure]:
    async with staged(directory) as stage:
        return await cost.memory(stage, sizes)


async def _storm(_directory: Path, sizes: Sizes) -> list[Figure]:
    return await storm.measured(sizes)


async def _upkeep(_directory: Path, sizes: Sizes) -> list[Figure]:
    return await upkeep.measured(sizes)


Measure = Callable[[Path, Sizes], Awaitable[list[Figure]]]
IN_TURN: dict[str, Measure] = {
    "receiver": _receiver,
    "latency": _latency,
    "cost": _cost,
    "history": _history,
    "slow-pagerduty": slow_pagerduty.measured,
    "first-cards": first_cards.measured,
    "workers": workers.measured,
}
TOGETHER: dict[str, Measure] = {"memory": _memory, "storm": _storm, "upkeep": _upkeep}
"""What does not look at the clock, so that it may share the processors."""
PARTS = (*IN_TURN, *TOGETHER)


async def measured(directory: Path, sizes: Sizes, parts: Collection[str] = PARTS) -> list[Figure]:
    """Measure these parts, with all data and logs in `directory`."""
    found: list[Figure] = []
    for name in parts:
        (directory / name).mkdir()
    with progress("Measuring", len(parts)) as step:
        for name, measure in IN_TURN.items():
            if name in parts:
                found += await measure(directory / name, sizes)
                step()
        at_once = [measure(directory / name, sizes) for name, measure in TOGETHER.items() if name in parts]
        return [*found, *chain.from_iterable(await asyncio.gather(*at_once))]


def table(figures: list[Figure]) -> str:
    """Write the figures down, each beside its reference."""
    lines: list[str] = []
    for section, group in groupby(figures, key=lambda figure: figure.section):
        lines += ["", section]
        for one in group:
            beside = "" if one.reference is None else f"{_number(one.reference):>10}  {one.beside}"
            lines.append(f"  {one.what:<40}{_number(one.measured):>10} {one.unit:<8}{beside}".rstrip())
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.2f}"


def main() -> int:
    """Measure what the command line asks for, and print it."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the bridge.")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--tiny", action="store_true", help="measure next to nothing, to see that it works")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="measure some parts only")
    parser.add_argument("--open", type=int, default=Sizes.many, help="most incidents that are open together")
    parser.add_argument("--charts", type=Path, help="draw what is measured, as SVG, in this directory")
    asked = parser.parse_args()
    begun, load = time.monotonic(), os.getloadavg()[0]
    # What the processes said belongs into their logs.
    with tempfile.TemporaryDirectory() as directory, redirect_stdout(StringIO()):
        figures = asyncio.run(measured(Path(directory), TINY if asked.tiny else Sizes(many=asked.open), asked.only))
    if asked.charts:
        draw(figures, asked.charts)
    if asked.json:
        sys.stdout.write(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
        return 0
    took = f"{time.monotonic() - begun:.0f} s on {os.cpu_count()} cores; load of the machine before: {load:.1f}"
    sys.stdout.write(f"{'':<42}{'measured':>10} {'':<8}{'reference':>10}{table(figures)}\n\n{took}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
