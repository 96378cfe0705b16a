"""`make bench` works: every part gives figures, and each stands beside what it is to be compared with."""

import math
from pathlib import Path

import pytest

from tests.bench.__main__ import PARTS, measured, table
from tests.bench.cost import MEMORY
from tests.bench.measurement import TINY

MOST = {"idle, Redis commands": 10.0}
"""Counts, which hardly depend on the machine, and what they must not come to again."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("part", PARTS)
async def test_every_part_gives_figures(tmp_path: Path, part: str) -> None:
    """In the smallest size, every figure of a part is there, is a number, and is in the table."""
    figures = await measured(tmp_path, TINY, [part])

    assert figures
    assert [] == [figure for figure in figures if not math.isfinite(figure.measured)]
    assert [] == [figure for figure in figures if figure.measured < 0 and figure.section != MEMORY]  # it may be freed
    assert all(figure.beside for figure in figures if figure.reference is not None)
    assert all(figure.what in table(figures) for figure in figures)
