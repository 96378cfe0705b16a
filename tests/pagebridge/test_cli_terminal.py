"""Aligned lines, for people at a terminal and for programs."""

import pytest

from pagebridge.cli.terminal import table

TITLES, ROW = ("WHEN", "STORY"), ("noon", "somebody acknowledged it-self and went back to sleep")


def test_a_long_story_goes_on_below_itself() -> None:
    """No line is wider than the terminal, and the columns stay columns."""
    assert ["WHEN  STORY", "noon  somebody acknowledged", "      it-self and went back to", "      sleep"] == list(
        table(TITLES, [ROW], 30)
    )


@pytest.mark.parametrize("width", [0, 10])
def test_one_row_is_one_line_where_nobody_folds_it(width: int) -> None:
    """For `grep`, and where there is no room for a column."""
    assert ["WHEN  STORY", "  ".join(ROW)] == list(table(TITLES, [ROW], width))
