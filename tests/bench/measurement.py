"""One measured figure beside its reference, and how to measure a process."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.model.archive import SETTLED_MS
from shared.model.event import SECOND


@dataclass(frozen=True)
class Figure:
    """
    One figure. `reference` is what `beside` says, in the same unit: what it could be at least, or what forces it.

    A figure that belongs beside nothing has no reference.
    """

    section: str
    what: str
    measured: float
    unit: str
    reference: float | None = None
    beside: str = ""


@dataclass(frozen=True)
class Sizes:
    """How much of everything is measured."""

    deliveries: int = 2000
    connections: int = 32
    clicks: int = 60
    incidents: int = 250
    few: int = 100
    real: int = 800
    many: int = 10_000
    storm: int = 500
    upkeep: tuple[int, ...] = (1000, 10_000)
    """The open incidents that a resync compares."""
    answers: tuple[float, ...] = (2.0, 0.1)
    """The seconds that PagerDuty takes to answer, one after the other."""
    workers: tuple[int, ...] = (1, 2)
    """How many workers there are while it does, one number after the other."""
    fleet: tuple[int, ...] = (1, 2, 4)
    """How many workers share a pile of deliveries, one number after the other."""
    pile: int = 500
    """The incidents of that pile."""
    cold: tuple[int, int] = (60, 25)
    """The open incidents beside which a worker starts for the first time, and in how many channels they are."""
    masters: tuple[int, ...] = (1, 3)
    """On how many masters: one Redis, or a Cluster."""
    at_once: int = 50
    flood: float = 8.0
    """The seconds for which one person opens details before another acknowledges."""
    clickers: int = 65
    lines: tuple[int, ...] = (10, 1000)
    notes: int = 40
    rounds: int = 3
    """How often a cost is measured where the least one counts."""
    rest: float = SETTLED_MS / SECOND
    """The seconds for which the bridge is watched doing nothing, or is left alone before it is measured."""


TINY = Sizes(
    deliveries=20,
    connections=4,
    clicks=2,
    incidents=4,
    few=2,
    real=5,
    many=9,
    storm=3,
    upkeep=(20,),
    answers=(0.1,),
    workers=(2,),
    fleet=(2,),
    pile=4,
    cold=(3, 2),
    masters=(1,),
    at_once=2,
    flood=1.0,
    clickers=2,
    lines=(4, 30),
    notes=2,
    rounds=1,
    rest=1.0,
)
"""For the test that it works."""


@dataclass(frozen=True)
class Used:
    """What a process has used so far: seconds on a processor, and the bytes of memory that it holds now."""

    cpu: float
    memory: int


def used(pid: int) -> Used:
    """Read what a process has used. Linux only, like the other processes' memory."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return Used(ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))


def percentile(seconds: Sequence[float], percent: int) -> float:
    """Give the time within which so many percent of all came, in milliseconds."""
    ranked = sorted(seconds)
    return 1000 * ranked[min(len(ranked) - 1, len(ranked) * percent // 100)]


def spread(section: str, what: str, measured: Sequence[float], beside: Sequence[float], words: str) -> list[Figure]:
    """Make the two figures of a series: what half of them took, and all but a hundredth."""
    return [
        Figure(section, f"{what}, p{p}", percentile(measured, p), "ms", percentile(beside, p), words) for p in (50, 99)
    ]


async def played(simulation: str, *sizes: int) -> dict[str, float]:
    """Play a simulation of `tests.proof` in a process of its own, and return its figures. Raises if it did harm."""
    command = (sys.executable, "-m", f"tests.proof.{simulation}", *map(str, sizes))
    playing = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    said, _ = await playing.communicate()
    if playing.returncode:
        raise RuntimeError(f"{simulation} with {sizes} did harm: see above")
    figures: dict[str, float] = json.loads(said)
    return figures
