"""How the story looks, and what it comes to."""

import io
from collections import Counter

from pagebridge_sandbox.demo.output import BOLD, WIDTH, Console, render_for_terminal, wrap_paragraph
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


class Terminal(io.StringIO):
    """A terminal, as far as a file can be one."""

    def isatty(self) -> bool:
        """Say that people look at this."""
        return True


def test_hop_is_printed_in_three_columns() -> None:
    """The time since the beginning, who did it to whom, and what."""
    out = io.StringIO()

    Console(out, colour=False).write_hop(Hop(100.412, "worker", "Slack", "chat.update  card: Triggered"), since=100.0)

    assert "  0.412 s  worker -> Slack         chat.update  card: Triggered\n" == out.getvalue()


def test_long_hop_wraps_within_width() -> None:
    """No word is lost, and no line is wider than the page."""
    out = io.StringIO()
    words = "response_url  privately: " + "escalation continues " * 12

    Console(out, colour=False).write_hop(Hop(1.0, "PagerDuty", "receiver", words), since=0.0)

    lines = out.getvalue().splitlines()
    assert 4 == len(lines)
    assert max(map(len, lines)) <= WIDTH
    assert words.split() == " ".join(lines).split()[5:]


def test_colour_only_on_terminal_without_no_color() -> None:
    """Not for files, and not where NO_COLOR is set."""
    assert Console.for_stream(Terminal(), {}).colour
    assert not Console.for_stream(Terminal(), {"NO_COLOR": "1"}).colour
    assert not Console.for_stream(io.StringIO(), {}).colour
    assert "\x1b[1mtitle\x1b[0m" == Console(io.StringIO(), colour=True).styled("title", BOLD)


def test_paragraph_has_hanging_indent() -> None:
    """What goes on in a further line stands under the beginning, not under the mark."""
    lines = wrap_paragraph("word " * 40, first="   ✓ ").splitlines()

    assert lines[0].startswith("   ✓ word")
    assert lines[1].startswith("     word")


def test_channel_is_rendered_with_emoji_within_width() -> None:
    """Symbols stand for their names, and a long line goes on behind its bar."""
    lines = render_for_terminal("#incidents\n    │ :eyes: *Acknowledged* " + "by somebody " * 12).splitlines()

    assert "#incidents" == lines[0]
    assert lines[1].startswith("    │ 👀 ")
    assert lines[2].startswith("    │ by somebody") or lines[2].startswith("    │ somebody")
    assert max(map(len, lines)) <= WIDTH


def test_result_counts_include_only_webhooks() -> None:
    """What PagerDuty answered to the worker's own calls is no webhook."""
    assert Counter(news=1, echo=2) == count_webhook_results(METRICS)
    assert Counter() == count_webhook_results("")


def test_summary_is_aligned_and_pluralized() -> None:
    """One echo, two echoes."""
    figures = Summary(
        slack_calls=30, reads=18, writes=1, rejected_writes=0, deliveries=6, echoes=2, duplicates=1, stale=0,
        interactions=4, slowest_ack_ms=14.6, seconds=12.74,
    )  # fmt: skip

    assert [
        "     4  presses, dialogs and commands of people in Slack, acked within 15 ms (Slack waits 3 s)",
        "     1  write to PagerDuty, 0 of them refused",
        "    18  reads from PagerDuty",
        "    30  calls to Slack",
        "     6  webhooks delivered",
        "     2  echoes suppressed",
        "     1  duplicate dropped",
        "     0  stale events ignored",
        "  12.7  seconds, with the start of everything",
    ] == list(figures.lines())
