"""`make bench` works: every part gives figures, and each stands beside what it is to be compared with."""

import math
from pathlib import Path

import pytest

from tests.bench.__main__ import PARTS, measured, table
from tests.bench.measurement import TINY


@pytest.mark.timeout(180)
async def test_every_part_gives_figures(tmp_path: Path) -> None:
    """In the smallest size, every figure of every part is there, is a number, and is in the table."""
    figures = await measured(tmp_path, TINY)

    assert len({figure.section for figure in figures}) > len(PARTS)
    assert all(math.isfinite(figure.measured) and figure.measured >= 0 for figure in figures)
    assert all(figure.beside for figure in figures if figure.reference is not None)
    assert all(figure.what in table(figures) for figure in figures)
