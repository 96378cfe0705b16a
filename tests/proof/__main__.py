"""
`python -m tests.proof`: play many days, and say how many of them went wrong.

Without arguments: 50,000 days over all mixes, the negative controls, the chaos run with real processes, failovers of
Redis, and a thousand examples of each property.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from pagebridge.cli.terminal import progress
from tests.proof.fault_mixes import MIXES
from tests.proof.negative_controls import CONTROLS, Control
from tests.proof.runner import Day

SCHEDULES = 50_000
CONTROLLED = 300
"""Days that each negative control is given."""
BATCH = 25
"""Days that a process plays at a time."""
WITH_PROCESSES = ("tests.proof.chaos", "tests.proof.failovers")
PROPERTIES = ("pytest", "-q", "-n2", "-m", "hypothesis", "--hypothesis-profile=thorough", "--timeout=900")


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments ask; 1 when something does not hold."""
    asked = _parsed(arguments)
    if asked.seed is not None:
        return _one(Day(asked.seed, asked.mix or "calm", asked.control or ""))
    with ProcessPoolExecutor(asked.jobs) as pool:
        fine = True
        if not asked.control:
            mixes = [asked.mix] if asked.mix else list(MIXES)
            fine = sum(not _mix(pool, mix, asked.schedules // len(mixes)) for mix in mixes) == 0
        controls = [CONTROLS[asked.control]] if asked.control else [] if asked.mix else list(CONTROLS.values())
        fine = sum(not _control(pool, control) for control in controls) == 0 and fine
    whole = not asked.mix and not asked.control
    return 0 if (not whole or _others()) and fine else 1


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="how many days, over all mixes")
    parser.add_argument("--seed", type=int, help="play one day, of --mix, and tell its story if it fails")
    parser.add_argument("--mix", choices=MIXES, help="play days of one mix only")
    parser.add_argument("--control", choices=CONTROLS, help="take this guard out")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes play")
    return parser.parse_args(arguments)


def _one(day: Day) -> int:
    if not day.violations():
        _say(f"seed {day.seed} of {day.mix}: everything holds")
        return 0
    _say(day.report())
    return 1


def _mix(pool: ProcessPoolExecutor, mix: str, days: int) -> bool:
    """Play days of one mix; the first that fails is made small and told."""
    begun = time.monotonic()
    failed = _failed(pool, mix, days)
    _say(f"{mix:16} {days:6} days, {len(failed)} of them with a violation, {time.monotonic() - begun:.0f} s")
    if failed:
        _say(f"seeds {', '.join(map(str, failed))}; the first of them:\n{Day(failed[0], mix).report()}")
    return not failed


def _control(pool: ProcessPoolExecutor, control: Control) -> bool:
    """Play days without a guard; enough of them have to fail."""
    noticed = len(_failed(pool, control.mix, CONTROLLED, control.name)) / CONTROLLED
    fine = noticed >= control.share
    least = f"at least {control.share:.1%} expected{'' if fine else ': THE ORACLE IS BLIND HERE'}"
    _say(f"without {control.name}: {noticed:.1%} of the days of {control.mix} fail, {least}")
    return fine


def _failed(pool: ProcessPoolExecutor, mix: str, days: int, control: str = "") -> list[int]:
    seeds = [range(start, min(start + BATCH, days)) for start in range(0, days, BATCH)]
    found: list[int] = []
    with progress(mix, len(seeds)) as step:
        for failed in pool.map(partial(failing, mix, control), seeds):
            found += failed
            step()
    return found


def failing(mix: str, control: str, seeds: range) -> list[int]:
    """List the seeds whose days go wrong."""
    return [seed for seed in seeds if Day(seed, mix, control).violations()]


def _others() -> bool:
    """Let what is done to real processes follow, and the properties of the rules."""
    commands = [*((module,) for module in WITH_PROCESSES), PROPERTIES]
    ended = [subprocess.run([sys.executable, "-m", *command], check=False).returncode for command in commands]  # noqa: S603 -- ours
    return not any(ended)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
