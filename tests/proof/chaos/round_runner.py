"""One run: a stage, rounds of chaos, rest after each, and the oracle's judgement of all that happened."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.proof.chaos import fault_plan
from tests.proof.chaos.environment import Stage, Stuck, staged
from tests.proof.chaos.observations import Facts
from tests.proof.chaos.oracle import JUDGES
from tests.proof.chaos.player import Playing
from tests.proof.chaos.quiescence import begun_anew, rested
from tests.proof.chaos.report import broken
from tests.proof.chaos.run_log import Journal
from tests.proof.chaos.verdict import Figure, Finding

Say = Callable[[str], None]
"""Prints one line."""
HARD_LIMIT = 90.0
"""Seconds that a start, or a round and the rest after it, may take in all."""


@dataclass(frozen=True)
class Size:
    """How much of it: rounds, new incidents in each, and how many seconds each lasts before the rest."""

    rounds: int
    incidents: int
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """The figures of a run, and the story of whatever went wrong."""

    figures: list[Figure]
    story: str


async def run(seed: int, size: Size, say: Say, logs: Path | None = None, *, loses: bool = False) -> Verdict:
    """
    Start everything, play, judge. What the processes say is kept in `logs`, if given.

    With `loses` Redis loses its data between the rounds, when all is told, and play goes on once that is noticed: what
    happens before counts as told. The simulated days lose data at any moment.

    Raises `Stuck` when it takes far too long. Leaves nothing running and no files.
    """
    journal = Journal()
    try:
        with tempfile.TemporaryDirectory(prefix="pagebridge-chaos-") as directory:
            home = Path(directory)
            async with asyncio.timeout(HARD_LIMIT * (size.rounds + 1)), staged(home, logs or home, journal) as stage:
                restless = await _rounds(stage, seed, size, say, loses=loses)
                facts = Facts.of(stage.company, journal)
                figures = [restless, *(judge(facts) for judge in JUDGES)]
                return Verdict(figures, broken(facts, figures))
    except TimeoutError:
        raise Stuck(f"out of time, waiting for {journal.waiting_for}") from None


async def _rounds(stage: Stage, seed: int, size: Size, say: Say, *, loses: bool) -> Figure:
    """Play round after round; return how many did not come to rest, which ends the run."""
    playing = Playing(stage, seed)
    try:
        await stage.working()
        for number in range(1, size.rounds + 1):
            if loses and number > 1:
                stage.journal.note("Redis loses everything")
                await stage.store.lose_everything()
                await begun_anew(stage)
            steps = fault_plan.drawn(f"{seed} {number}", size.incidents, size.seconds)
            await playing.play(steps)
            await rested(stage)
            mishaps = sum(step.what in {mishap.what for mishap in fault_plan.MISHAPS} for step in steps)
            say(f"  round {number} of {size.rounds}: {len(steps) - mishaps} acts, {mishaps} mishaps, at rest again")
    except Stuck as error:
        return Figure("not at rest", size.rounds, (Finding("", time.time(), str(error)),))
    return Figure("not at rest", size.rounds, ())
