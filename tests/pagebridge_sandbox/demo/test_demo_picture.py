"""How a terminal shows a channel: as Slack does, whatever the width."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagebridge_sandbox.demo.markup import EMOJI, Reader, Span
from pagebridge_sandbox.demo.output import open_console
from pagebridge_sandbox.demo.picture import Picture
from pagebridge_sandbox.slack import Ephemeral, Message
from tests.pagebridge_sandbox.demo.test_demo_output import columns

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC).timestamp()
NAMES = {"U0BOT": "pagebridge", "U0ALICE": "Alice Ng"}
READER = Reader(NAMES.__getitem__, UTC, NOON)
TODAY = f"<!date^{NOON:.0f}^{{date_short_pretty}} {{time}}|2026-01-05 12:00 UTC>"


def section(text: str) -> dict[str, Any]:
    """Make a paragraph."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, **more: str) -> dict[str, Any]:
    """Make a button."""
    return {"type": "button", "text": {"type": "plain_text", "text": label}, **more}


def message(text: str, *blocks: dict[str, Any], replies: tuple[Message, ...] = ()) -> Message:
    """Make a message of the bridge at noon."""
    shown = list(blocks)
    return Message(
        ts=f"{NOON:.6f}", channel_id="C0", text=text, blocks=shown, user="U0BOT", replies=list(replies),
        name_of=NAMES.__getitem__,
    )  # fmt: skip


CARD = message(
    "Triggered",
    section(":rotating_light: *Triggered*  *<https://acme.pagerduty.com/incidents/Q1|#1 Checkout latency over 2 s>*"),
    section("*High urgency* · checkout-api\nAssigned to <@U0ALICE>\nfrom `prometheus-eu-1`"),
    {"type": "context", "elements": [{"type": "mrkdwn", "text": f"Open since {TODAY}"}]},
    {
        "type": "actions",
        "elements": [button("Acknowledge", style="primary"), button("Add note"), {"type": "overflow", "options": []}],
    },
    replies=(
        message(f":rotating_light: *Events API V2 triggered it* · {TODAY}"),
        message(f":memo: *Alice Ng added a note* in Slack · {TODAY}\n> {'looking at the database ' * 4}"),
    ),
)
PRIVATE = Ephemeral(
    ts=f"{NOON:.6f}",
    channel_id="C0",
    text=":no_entry: You can't acknowledge incident #1. " + "Ask Alice Ng, who is on call. " * 3,
    user="U0ALICE",
    name_of=NAMES.__getitem__,
)


@pytest.fixture
def picture() -> Picture:
    """Make what draws for a terminal of 80 columns, or as many as COLUMNS says."""
    return Picture(READER, open_console(io.StringIO(), {}))


def test_a_card_reads_like_one_in_slack(picture: Picture) -> None:
    """Author and time, title, assignee, buttons; beneath them the thread with its lines, times and quotations."""
    assert [
        "pagebridge APP  12:00 PM",
        "│ 🚨 Triggered  #1 Checkout latency over 2 s",
        "│ High urgency · checkout-api",
        "│ Assigned to @Alice Ng",
        "│ from prometheus-eu-1",
        "│ Open since today 12:00 PM",
        "│ [Acknowledge] [Add note] [⋯]",
        "╰ 2 replies",
        "  pagebridge APP  12:00 PM",
        "  🚨 Events API V2 triggered it · today 12:00 PM",
        "  📝 Alice Ng added a note in Slack · today 12:00 PM",
        "  │ looking at the database looking at the database looking at the database",
        "  │ looking at the database",
    ] == [line.plain.replace("\u00a0", " ") for line in picture.card(CARD)]


def test_a_private_reply_names_who_sees_it(picture: Picture) -> None:
    """The name of the only person who sees it stands above it."""
    head, *body = [line.plain.replace("\u00a0", " ") for line in picture.private(PRIVATE)]

    assert "Only visible to Alice Ng  12:00 PM" == head
    assert all(line.startswith("┊ ") for line in body)


@pytest.mark.parametrize("width", [80, 50, 30])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """No word is broken either, no time and no button."""
    monkeypatch.setenv("COLUMNS", str(width))
    narrow = Picture(READER, open_console(io.StringIO(), {}))
    monkeypatch.setenv("COLUMNS", "100")
    wide = Picture(READER, open_console(io.StringIO(), {}))

    def words(picture: Picture) -> list[str]:
        lines = [line.plain for line in (*picture.card(CARD), *picture.private(PRIVATE))]
        return [word for line in lines for word in line.strip("│┊╰ ").split(" ") if word]

    drawn = [line.plain for line in (narrow.heading("incidents"), *narrow.card(CARD), *narrow.private(PRIVATE))]
    assert max(map(columns, drawn)) <= width
    assert words(wide) == words(narrow)
    assert any("[Add note]" in line for line in drawn)


def test_primary_button_stands_out(picture: Picture) -> None:
    """It is green, and the others are not."""
    row = next(line for line in picture.card(CARD) if "[Acknowledge]" in line.plain)

    assert ["[Acknowledge]"] == [row.plain[span.start : span.end] for span in row.spans if "green" in str(span.style)]


def test_markup_is_read_as_slack_does() -> None:
    """Links by their label, people by name, styles in words, entities undone, days by date but for today."""
    yesterday = f"<!date^{NOON - 86400:.0f}^{{date_short_pretty}} {{time}}|then>"

    (line,) = READER.lines(f"*Bold <https://a.example|link>* `code` &lt;b&gt; 2*3*4 :x: :unknown: {yesterday}")

    assert [
        Span("Bold ", "bold"),
        Span("link", "title"),
        Span(" "),
        Span("code", "code"),
        Span(" <b> 2*3*4 "),
        Span("❌"),
        Span(" "),
        Span(":unknown:"),
        Span(" "),
        Span("Jan 4, 2026 12:00 PM".replace(" ", "\u00a0")),
    ] == line


def test_every_symbol_of_the_bridge_is_known() -> None:
    """Each emoji that the product's words name has its symbol."""
    texts = (
        path.read_text(encoding="utf-8")
        for folder in ("shared/slack", "shared/model/actions.py", "bolt_app/replies", "bolt_app/queries")
        for path in [ROOT / folder, *(ROOT / folder).rglob("*.py")]
        if path.is_file()
    )
    used = {name for text in texts for name in re.findall(r"(?<![\w{]):([a-z]+(?:_[a-z]+)*):(?=[ \"])", text)}

    assert len(used) > 10
    assert used <= EMOJI.keys()
