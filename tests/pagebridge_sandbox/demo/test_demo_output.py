"""How the story looks in a terminal, and what it comes to."""

import io
import unicodedata
from collections import Counter

import pytest
from rich.text import Text

from pagebridge_sandbox.demo.output import hop_lines, open_console, write
from pagebridge_sandbox.demo.report import own_command, print_end
from pagebridge_sandbox.demo.summary import Summary, count_webhook_results
from pagebridge_sandbox.demo.trace import Hop

METRICS = """\
# HELP pagebridge_events_total Events folded
# TYPE pagebridge_events_total counter
pagebridge_events_total{source="webhook",told="news",type="incident.triggered"} 1.0
pagebridge_events_total{source="webhook",told="echo",type="incident.acknowledged"} 1.0
pagebridge_events_total{source="webhook",told="echo",type="incident.resolved"} 1.0
pagebridge_events_total{source="answer",told="news",type="incident.resolved"} 5.0
# HELP pagebridge_events_created Events folded
# TYPE pagebridge_events_created gauge
pagebridge_events_created{source="webhook",told="news",type="incident.triggered"} 1.7e+09
"""
SUMMARY = Summary(
    slack_calls=30, reads=18, writes=1, rejected_writes=0, deliveries=6, echoes=2, duplicates=1, stale=0,
    interactions=4, slowest_ack_ms=14.6, seconds=12.74,
)  # fmt: skip


class Terminal(io.StringIO):
    """A terminal, as far as a file can be one."""

    def isatty(self) -> bool:
        """Say that people look at this."""
        return True


def columns(line: str) -> int:
    """Count the columns that a line takes in a terminal, from Unicode's own tables."""
    return sum(unicodedata.east_asian_width(char) in "WF" or char == "\ufe0f" for char in line) + sum(
        char != "\ufe0f" for char in line
    )


def drawn(hop: Hop, since: float) -> list[str]:
    """Draw a hop, and read its lines."""
    return [line.plain for line in hop_lines(hop, since, open_console(io.StringIO(), {}))]


@pytest.fixture(params=[80, 50])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Make the terminal so many columns wide."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


def test_hop_is_printed_in_three_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time since the beginning, who did it to whom, and what."""
    monkeypatch.setenv("COLUMNS", "80")

    hop = Hop(100.412, "worker", "Slack", "chat.update  card: Triggered")

    assert ["  0.412 s  worker -> Slack         chat.update  card: Triggered"] == drawn(hop, 100.0)


def test_long_hop_wraps_within_width(width: int) -> None:
    """No word is lost or broken, and no line is wider than the terminal."""
    words = "response_url  privately: " + "prometheus-eu-1 says that escalation continues " * 6

    lines = drawn(Hop(1.0, "PagerDuty", "receiver", words), 0.0)

    assert max(map(columns, lines)) <= width
    assert words.split() == " ".join(lines).split()[5:]


def test_only_a_word_longer_than_the_line_is_broken(width: int) -> None:
    """It goes on in the next line, and loses nothing."""
    out = io.StringIO()

    write(open_console(out, {}), "See " + "x" * 100, margin="  ")

    lines = out.getvalue().splitlines()
    assert max(map(columns, lines)) <= width
    assert "See" + "x" * 100 == "".join(lines).replace(" ", "")


def test_width_is_that_of_the_terminal_or_80(monkeypatch: pytest.MonkeyPatch) -> None:
    """COLUMNS comes first; where there is no terminal it is 80, and a very wide one is not filled."""
    monkeypatch.setattr("sys.__stdout__", io.StringIO())
    for columns_set, expected in (("64", 64), ("400", 100), ("", 80)):
        monkeypatch.setenv("COLUMNS", columns_set)
        assert expected == open_console(io.StringIO(), {}).width


def test_colour_only_on_terminal_without_no_color() -> None:
    """Not for files, and not where NO_COLOR is set."""
    for stream, environment, coloured in (
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ):
        open_console(stream, environment).print(Text("title", "bold red"))
        assert coloured == ("\x1b[" in stream.getvalue())


def test_paragraph_has_hanging_indent() -> None:
    """What goes on in a further line stands under the beginning, not under the mark."""
    out = io.StringIO()

    write(open_console(out, {}), "word " * 40, margin="   ✓ ", hanging="     ")

    lines = out.getvalue().splitlines()
    assert lines[0].startswith("   ✓ word")
    assert lines[1].startswith("     word")


def test_result_counts_include_only_webhooks() -> None:
    """What PagerDuty answered to the worker's own calls is no webhook."""
    assert Counter(news=1, echo=2) == count_webhook_results(METRICS)
    assert Counter() == count_webhook_results("")


def test_summary_is_pluralized() -> None:
    """One write, two echoes, no late webhooks."""
    assert [
        ("4", "clicks, dialogs and commands in Slack, answered within 15 ms (Slack's limit: 3 s)"),
        ("1", "write to PagerDuty in people's own names; it refused 0"),
        ("18", "reads from PagerDuty"),
        ("30", "calls to Slack"),
        ("6", "webhooks received"),
        ("2", "echoes of the bridge's own writes, not repeated in the channel"),
        ("1", "duplicate webhook ignored"),
        ("0", "late webhooks that did not set a card back"),
        ("12.7", "seconds in all"),
    ] == list(SUMMARY.lines())


@pytest.mark.parametrize("verbose", [False, True])
def test_the_end_names_the_next_step(width: int, *, verbose: bool) -> None:
    """The command that sets the bridge up for real, and how every call is seen unless that was just so."""
    out = io.StringIO()

    print_end(open_console(out, {}), SUMMARY, 76, verbose=verbose)

    assert f"\n    {own_command()} init\n" in out.getvalue()
    assert verbose != (f"\n    {own_command()} demo --verbose\n" in out.getvalue())
    assert own_command().endswith("pagebridge")
    assert all(columns(line) <= width for line in out.getvalue().splitlines() if own_command() not in line)
