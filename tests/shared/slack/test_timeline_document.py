"""The timeline of an incident as Markdown: all that happened, in full, and nothing that makes markup of its own."""

import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.enrichment import Enrichment, FirstAlert, Link
from shared.model.event import Instant
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, REMINDED, RESOLVED, TRIGGERED, Status
from shared.model.ids import CommandId, LineKey
from shared.model.incident import Incident
from shared.model.thread_layout import SUMMED
from shared.model.timeline import Line
from shared.slack.render.timeline_document import timeline_document, to_markdown
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot

ALERT = FirstAlert(links=(Link("https://grafana.example.com/d/1", "Dashboard"),))


def line(kind: str, after_s: int, who: object = ALICE, *, slack: bool = False, **said: str) -> Line:
    """Make a line, so many seconds after noon."""
    agent = ALICE if who is ALICE else BOB if who is BOB else None
    at, command = Instant(NOON + after_s * 1000), CommandId("c1") if slack else None
    return Line(LineKey(f"{kind}@{after_s}"), kind, at, agent, (), command, details=tuple(said.items()))


def incident(*lines: Line) -> Incident:
    """Make an incident with these lines."""
    shown = snapshot(Status.RESOLVED, "Checkout is <slow>")
    return Incident(INCIDENT, snapshot=shown, lines=lines, enrichment=Enrichment(ALERT))


def test_it_tells_who_did_what_when_and_where() -> None:
    """From both sides, in the order of time, also what was told long ago; with links, and notes in full."""
    note = "\n".join(f"Line {number} of *many*" for number in range(30))
    told = replace(line(ACKNOWLEDGED, 5, slack=True), told=True)
    document = timeline_document(
        incident(
            line(TRIGGERED, 0, None, client="Datadog"),
            told,
            line(ANNOTATED, 9, BOB, text=note),
            line(RESOLVED, 60, BOB),
        )
    )

    assert document.startswith("# #37 Checkout is &lt;slow&gt;\n")
    assert "- [The incident in PagerDuty](https://acme.pagerduty.com/incidents/Q1INCIDENT)" in document
    assert "[Dashboard](https://grafana.example.com/d/1)" in document
    rows = [row for row in document.splitlines() if row.startswith("- 2023-11-14 22:1")]
    assert [
        "- 2023-11-14 22:13:20 **Triggered** from Datadog",
        "- 2023-11-14 22:13:25 **Alice Ng acknowledged it** in Slack",
        "- 2023-11-14 22:13:29 **Bob Ray added a note** in PagerDuty",
        "- 2023-11-14 22:14:20 **Bob Ray resolved it** in PagerDuty",
    ] == rows
    assert r"  > Line 29 of \*many\*" in document


def test_what_only_the_bridge_asked_or_counted_is_left_out() -> None:
    """A question that nobody answered, and the line that counts what the others tell."""
    document = timeline_document(incident(line(REMINDED, 5, None, since=str(NOON)), line(SUMMED, 9, None)))

    assert "Nothing is known to have happened." in document


@given(st.text(max_size=80))
def test_what_people_wrote_makes_no_markup(text: str) -> None:
    """No link, no code, no tag, no emphasis and no block comes of a note, and of a title none within its line."""
    known = incident(line(ANNOTATED, 9, BOB, text=text))
    document = timeline_document(replace(known, snapshot=snapshot(Status.RESOLVED, text)))
    quoted = [row.removeprefix("  > ") for row in document.splitlines() if row.startswith("  > ")]

    bare = [re.sub(r"\\[\\`*_~|\[\]#+=.)-]", "", row) for row in (*quoted, document.splitlines()[0])]
    assert not [row for row in bare if set(row) & set("\\`*_~|[]<")]
    assert not [row for row in quoted if re.match(r"[#+=>-]|\d+[.)]", row)]


@pytest.mark.parametrize(
    "text", ["# one", "- one", "1. one", "> one", "---", "**one**", "~~one~~", "_one_", "| - |", "*", "\\*"]
)
def test_a_note_that_looks_like_markdown(text: str) -> None:
    """It stays as it was written; in a canvas a list within a quote would be refused."""
    document = timeline_document(incident(line(ANNOTATED, 9, BOB, text=text)))

    [row] = [row for row in document.splitlines() if row.startswith("  > ")]
    assert text == unescape(re.sub(r"\\(.)", r"\1", row.removeprefix("  > ")))
    assert not re.match(r"  > ([#>=+-]|\d+[.)])", row)


def test_slacks_markup_becomes_markdown() -> None:
    """Bold text, links and dates."""
    assert "**Merged** into [#12](https://x.pagerduty.com)" == to_markdown(
        "*Merged* into <https://x.pagerduty.com|#12>"
    )
    assert "until 2023-11-14 22:13 UTC" == to_markdown(f"until <!date^{NOON // 1000}^{{time}}|2023-11-14 22:13 UTC>")
    assert r"a\_b \[c\] \* 2" == to_markdown("a_b [c] * 2")
