"""
Let the bridge work for long, and see that its memory stays as it is: `make soak`, or `make soak ARGS="--minutes 5"`.

Incidents are opened, acknowledged from Slack, noted and resolved all the time. What Redis keeps of those that are over
is counted by family of keys, as the table in `shared.store.keys` has them, and a year of 10,000 incidents is reckoned
from it.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import median

from pagebridge.cli.terminal import progress
from shared.store import keys
from shared.store.redis import Redis
from tests.bench.environment import Stage, staged, until
from tests.bench.measurement import used

EVERY = 2.0
"""Seconds between two rounds; each opens and ends `TOGETHER` incidents."""
TOGETHER = 4
SPARE, SPARE_SHARE = 4 * 2**20, 0.05
"""Bytes, and the share, by which a process may hold more in the last quarter of the time than in the one before."""
YEAR, INCIDENTS = 365 * 24 * 3600, 10_000
LISTED = re.compile(r"^\| `(pb:[^`]+)`", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """What was held at a moment, in bytes, and how many incidents were over by then."""

    over: int
    receiver: int
    worker: int
    redis: int


@dataclass
class Family:
    """The keys of one row of the table; `kept` is the longest time in seconds until one expires, None for never."""

    name: str
    count: int = 0
    size: int = 0
    kept: int | None = 0

    def add(self, size: int, kept: int) -> None:
        """Count a key in. `kept` is as Redis tells it: -1 for a key that never expires."""
        self.count += 1
        self.size += size
        self.kept = None if kept < 0 or self.kept is None else max(self.kept, kept)

    def in_a_year(self, over: int) -> float:
        """Return the bytes that are there after a year of `INCIDENTS`, reckoned from those of `over` incidents."""
        return self.size / over * INCIDENTS * (1.0 if self.kept is None else min(1.0, self.kept / YEAR))


async def soak(stage: Stage, minutes: float) -> tuple[list[Sample], list[Family]]:
    """Let the bridge work, and return what was held in each round, and what Redis keeps in the end."""
    samples: list[Sample] = []
    end = time.monotonic() + 60 * minutes
    with progress("Rounds") as step:
        while time.monotonic() < end or len(samples) < 4:
            begun = time.monotonic()
            await _live(stage, len(samples))
            samples.append(await _sample(stage, (len(samples) + 1) * TOGETHER))
            step()
            await asyncio.sleep(max(0.0, EVERY - (time.monotonic() - begun)))
    return samples, await families(stage.redis)


async def families(redis: Redis) -> list[Family]:
    """Count all keys by the rows of the table. Those that no row names are in a family called `unknown`."""
    rows = {name: re.compile(re.sub(r"<[^>]+>", r"[^{}]+", re.escape(name))) for name in LISTED.findall(keys.__doc__)}
    found: dict[str, Family] = {}
    async for key in redis.scan_iter(match=f"{keys.PREFIX}*", count=1000):
        name = next((row for row, form in rows.items() if form.fullmatch(key.decode())), "unknown")
        size, kept = await redis.memory_usage(key, samples=0), await redis.ttl(key)
        if size is not None:  # it may have expired meanwhile
            found.setdefault(name, Family(name)).add(size, kept)
    return sorted(found.values(), key=lambda family: -family.size)


def complaints(samples: Sequence[Sample], kept: Sequence[Family]) -> list[str]:
    """List what grew although nothing more was to be kept, and keys that the table does not name."""
    quarter = len(samples) // 4
    before, after = samples[-2 * quarter : -quarter], samples[-quarter:]
    held = {
        name: [median(getattr(sample, name) for sample in part) for part in (before, after)]
        for name in ("receiver", "worker")
    }
    grown = [
        f"the {name} grew from {_megabytes(then)} to {_megabytes(now)}"
        for name, (then, now) in held.items()
        if now - then > max(SPARE, SPARE_SHARE * then)
    ]
    return grown + [f"{family.count} keys that the table does not name" for family in kept if family.name == "unknown"]


def report(samples: Sequence[Sample], kept: Sequence[Family]) -> str:
    """Write what was held over time, and what Redis keeps."""
    over = samples[-1].over
    shown = [samples[round(part * (len(samples) - 1) / 4)] for part in range(5)]
    lines = [f"{'incidents that are over':<40}" + "".join(f"{sample.over:>10,}" for sample in shown)]
    lines += [
        f"{name:<40}" + "".join(f"{_megabytes(getattr(sample, name)):>10}" for sample in shown)
        for name in ("receiver", "worker", "redis")
    ]
    lines += ["", f"{'key':<40}{'keys':>8}{'each incident':>16}{'kept':>8}{'a year':>10}"]
    for family in kept:
        life = "always" if family.kept is None else _life(family.kept)
        each, year = f"{family.size / over:,.0f} bytes", _megabytes(family.in_a_year(over))
        lines.append(f"{family.name:<40}{family.count:>8,}{each:>16}{life:>8}{year:>10}")
    in_all = _megabytes(sum(family.in_a_year(over) for family in kept))
    return "\n".join([*lines, f"{f'a year of {INCIDENTS:,} incidents':<72}{in_all:>10}"])


async def _live(stage: Stage, number: int) -> None:
    """Let a few incidents live their whole lives, one of them with an acknowledgement from Slack."""
    bridge, title = stage.bridge, f"Soak {number}"
    opened = [bridge.trigger(title if first else f"Beside {number}").id for first in (True, False, False, False)]
    card = await bridge.card(title)
    while not (await bridge.click("Alice", "Acknowledge", card)).acked:  # noqa: ASYNC110 -- Slack has told her that it failed
        await asyncio.sleep(1)
    await until(lambda: "Acknowledged" in card.plain, "the acknowledgement")
    for one in opened:
        bridge.pagerduty.web("PBOB1").add_note(one, "Looking into it")
        bridge.pagerduty.web("PBOB1").resolve(one)
    await stage.at_rest()


async def _sample(stage: Stage, over: int) -> Sample:
    redis = int((await stage.redis.info("memory"))["used_memory"])
    return Sample(over, used(stage.receiver.child.pid).memory, used(stage.worker.child.pid).memory, redis)


def _megabytes(size: float) -> str:
    return f"{size / 2**20:,.1f} MB"


def _life(seconds: int) -> str:
    units = ((24 * 3600, "d"), (3600, "h"), (60, "min"))
    return next((f"{round(seconds / size)} {unit}" for size, unit in units if seconds >= size), f"{seconds} s")


async def _soaked(minutes: float) -> tuple[list[Sample], list[Family]]:
    with tempfile.TemporaryDirectory() as directory:
        async with staged(Path(directory)) as stage:
            return await soak(stage, minutes)


def main() -> int:
    """Soak the bridge, print what was held, and return 1 if anything grew that should not."""
    parser = argparse.ArgumentParser(prog="make soak", description="Let the bridge work for long.")
    parser.add_argument("--minutes", type=float, default=30.0, help="for how long (%(default)g)")
    asked = parser.parse_args()
    # What the processes said belongs into their logs.
    with redirect_stdout(StringIO()):
        samples, kept = asyncio.run(_soaked(asked.minutes))
    sys.stdout.write(report(samples, kept) + "\n")
    wrong = complaints(samples, kept)
    sys.stderr.write("".join(f"{words}\n" for words in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
