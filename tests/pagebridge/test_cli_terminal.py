"""Aligned lines, for people at a terminal and for programs."""

import pytest

from pagebridge.cli.terminal import show, table

TITLES, ROW = ("WHEN", "STORY"), ("noon", "somebody acknowledged it-self and went back to sleep")


def test_a_long_story_goes_on_below_itself() -> None:
    """No line is wider than the terminal, and the columns stay columns."""
    assert ["WHEN  STORY", "noon  somebody acknowledged", "      it-self and went back to", "      sleep"] == list(
        table(TITLES, [ROW], 30)
    )


def test_a_row_that_finds_no_room_is_a_list() -> None:
    """Where the columns before the last one fill the terminal; an address stays whole. A row that fits stays a row."""
    titles, row = ("ID", "ADDRESS", "WHAT"), ("P1", "https://bridge.example.com/webhooks", "somebody's second try")

    assert [
        "ID       P1",
        "ADDRESS  https://bridge.example.com/webhooks",
        "WHAT     somebody's second try",
        "",
    ] == list(table(titles, [row], 48))
    assert ["ADDRESS", "https://bridge.example.com/webhooks"] == "\n".join(table(titles, [row], 31)).split()[2:4]
    assert ["P1  https://bridge.example.com/webhooks  once"] == list(table(titles, [(*row[:2], "once")], 50))[1:]


def test_what_takes_two_columns_counts_as_two() -> None:
    """Chinese characters and emoji move no column, and no line is wider than the terminal."""
    rows = [("決済が失敗", "決済 が 失敗 して 🔥🔥🔥 い ます"), ("down", "as ever")]

    assert [
        "TITLE       STORY",
        "決済が失敗  決済 が 失敗 して 🔥",
        "            🔥🔥 い ます",
        "down        as ever",
    ] == list(table(("TITLE", "STORY"), rows, 33))


def test_a_title_without_blanks_goes_on_below_itself() -> None:
    """Chinese is written without blanks: it is broken between its characters, a word beside it is not."""
    title = "数据库主节点的复制延迟持续超过三十秒 db-primary-3 数据库主节点"

    assert [
        "STATE      WHAT",
        "triggered  数据库主节点的复制延迟",
        "           持续超过三十秒",
        "           db-primary-3 数据库主节",
        "           点",
    ] == list(table(("STATE", "WHAT"), [("triggered", title)], 34))


@pytest.mark.parametrize("width", [0, 10])
def test_one_row_is_one_line_where_nobody_folds_it(width: int) -> None:
    """For `grep`, and where there is no room for a column."""
    assert ["WHEN  STORY", "  ".join(ROW)] == list(table(TITLES, [ROW], width))


def test_nothing_that_somebody_wrote_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A title could clear the screen, set the window's name, turn the reading direction, or add a row of its own."""
    title = "down\x1b[2J\x1b]0;all is well\x07\x9b1m\u202e\r\nnoon  resolved"

    show([*table(("WHEN", "TITLE"), [("noon", title)]), f"{title} by Alice"])

    told = capsys.readouterr().out
    assert told.isascii()
    assert all(char.isprintable() or char == "\n" for char in told)
    assert ["WHEN", "noon", "down"] == [line.split()[0].partition("[")[0] for line in told.splitlines()]
