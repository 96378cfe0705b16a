"""What messages of ours tell about themselves when nothing else is known of them."""

from dataclasses import replace

import pytest

from shared.model.event import Agent, Source
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, TRIGGERED
from shared.model.ids import CommandId, LineKey, MessageTs
from shared.model.incident import Incident, fold
from shared.model.thread_layout import ThreadEntry
from shared.model.timeline import merge_lines
from shared.slack.api.models import OwnMessage
from shared.slack.render import thread_line
from shared.slack.render.blocks import Message
from shared.slack.render.message_metadata import incident_of_card, line_key, lines_by_key, rebuild_lines, version
from tests.builders import ALICE, INCIDENT, NOON, answer, expectation, webhook


def message(shown: Message, ts: str = "1700000000.000100") -> OwnMessage:
    """Make what Slack's history shows of a message."""
    payload = shown.metadata["event_payload"]
    ids = tuple(block.get("block_id", "") for block in shown.blocks)
    return OwnMessage(MessageTs(ts), None, payload["key"], payload, shown.text, ids, deleted=False)


def lived() -> Incident:
    """Make an incident that was triggered, acknowledged from Slack, and annotated."""
    clicked = NOON + 5000
    known = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, clicked, "c1"),))
    note = replace(webhook(ANNOTATED, NOON + 9000), snapshot=None, subject="PNOTE01", detail="abc")
    for event in (webhook(TRIGGERED, NOON, None), answer(ACKNOWLEDGED, clicked, "c1"), note):
        known = fold(known, event, NOON).incident
    return known


def posted(incident: Incident) -> list[OwnMessage]:
    """Post every line of an incident."""
    return [
        message(thread_line.render_line(INCIDENT, ThreadEntry(line)), f"170000000{place}.000100")
        for place, line in enumerate(incident.lines)
    ]


def test_lines_are_what_they_were() -> None:
    """Key, type, agent, detail, time, note, slots and command come back; what people are called does not."""
    before = lived()

    found = rebuild_lines(INCIDENT, posted(before))

    nameless = tuple(
        replace(line, details=(), agent=replace(line.agent, name="") if line.agent else None) for line in before.lines
    )
    assert nameless == found
    assert [None, CommandId("c1"), None] == [line.command for line in found]


def test_a_webhook_of_an_old_change_finds_its_line() -> None:
    """Delivered again, by its id; for the first time, by what it tells: no line is opened."""
    found = replace(Incident(INCIDENT), lines=rebuild_lines(INCIDENT, posted(lived())))

    again = fold(found, webhook(TRIGGERED, NOON, None), NOON).incident
    first = fold(again, webhook(ACKNOWLEDGED, NOON + 5100), NOON).incident

    assert [line.key for line in found.lines] == [line.key for line in first.lines]
    assert {Source.ANSWER, Source.WEBHOOK} == {source for source, _ in first.lines[1].slots}
    assert ALICE == first.lines[1].agent


def test_lines_that_events_have_opened_before_are_joined_with_them() -> None:
    """The webhook came before the thread was read: the message keeps its key, and there is one line."""
    before = lived()
    known = Incident(INCIDENT)
    for event in (webhook(ACKNOWLEDGED, NOON + 5100), webhook(TRIGGERED, NOON + 100, None, "another-id")):
        known = fold(known, event, NOON).incident

    both = merge_lines(known.lines, rebuild_lines(INCIDENT, posted(before)))

    keys = [line.key for line in both]
    assert {line.key for line in before.lines} <= set(keys)
    assert 4 == len(keys), "another id from the same source is another change"
    assert ALICE == next(line.agent for line in both if line.key == "command:c1")


def test_a_note_is_joined_by_its_id() -> None:
    """Whatever its time."""
    late = replace(webhook(ANNOTATED, NOON + 60_000), snapshot=None, subject="PNOTE01", detail="abc")
    known = fold(Incident(INCIDENT), late, NOON).incident

    assert 3 == len(merge_lines(known.lines, rebuild_lines(INCIDENT, posted(lived()))))


def test_of_a_line_that_is_there_twice_the_older_counts() -> None:
    """The younger one is for the sweep."""
    [first, *_] = posted(lived())
    second = replace(first, ts=MessageTs("1800000000.000100"))

    assert {LineKey(f"{TRIGGERED}@{NOON}"): first.ts} == lines_by_key(INCIDENT, [second, first])


@pytest.mark.parametrize(
    "payload",
    [{}, {"type": "incident.unheard_of", "at": 1, "span": 1}, {"type": TRIGGERED}, {"type": TRIGGERED, "at": "1"}],
    ids=["nothing", "unknown type", "no time", "a text as time"],
)
def test_metadata_that_nobody_wrote_here_makes_no_line(payload: dict[str, object]) -> None:
    """A message with our key and other facts is left alone."""
    strange = OwnMessage(MessageTs("1.0"), None, f"line:{INCIDENT}:x", payload, "", (), deleted=False)

    assert () == rebuild_lines(INCIDENT, [strange])


def test_cards_lines_and_others() -> None:
    """Each is known by how its key begins."""
    [line, *_] = posted(lived())
    card = replace(line, key=f"card:{INCIDENT}", block_ids=("0a1b2c:0", "0a1b2c:1"))

    assert (INCIDENT, None, "0a1b2c") == (incident_of_card(card), line_key(INCIDENT, card), version(card))
    assert ("", f"{TRIGGERED}@{NOON}") == (incident_of_card(line), line_key(INCIDENT, line))
    assert line_key(INCIDENT, replace(line, key="line:QOTHER1:x")) is None


def test_a_service_stays_a_service() -> None:
    """Only people do things in Slack or PagerDuty."""
    opened = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON, Agent("PSVC001", "api", "service_reference")), NOON)
    [line] = rebuild_lines(INCIDENT, posted(opened.incident))

    assert line.agent is not None
    assert not line.agent.is_user
