"""`make bench` works: every part gives figures, and each stands beside what it is to be compared with."""

import math
from pathlib import Path

import pytest

from tests.bench.__main__ import PARTS, measured, table
from tests.bench.cost import MEMORY
from tests.bench.measurement import TINY

MOST = {
    "Redis commands, those in scripts too": 70,
    "round trips to Redis": 17,
    "click to card, Redis commands": 220,
    "click to card, round trips to Redis": 55,
    "click to enriched card, Redis commands": 300,
    "click to enriched card, round trips to Redis": 75,
    "idle, Redis commands": 60,
    "incidents read by themselves": 0,
}
"""
Counts in the smallest size, and what they must not come to again: a busy machine adds a pass or two. Of the time in
which nothing happens only a moment is watched, so that only a loop that never waits is noticed.
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("part", PARTS)
async def test_every_part_gives_figures(tmp_path: Path, part: str) -> None:
    """In the smallest size, every figure of a part is a number and in the table, and no count has grown."""
    figures = await measured(tmp_path, TINY, [part])

    assert figures
    assert [] == [figure for figure in figures if not math.isfinite(figure.measured)]
    assert [] == [figure for figure in figures if figure.measured < 0 and figure.section != MEMORY]  # it may be freed
    assert all(figure.beside for figure in figures if figure.reference is not None)
    assert all(figure.what in table(figures) for figure in figures)
    assert [] == [figure for figure in figures if figure.measured > MOST.get(figure.what, math.inf)]
