"""When an acknowledgement counts as forgotten, and what its thread is asked."""

from dataclasses import replace

import pytest

from shared.model.event import Agent, Event, Source
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    CONFIRMED,
    CUSTOM_FIELDS,
    REMINDED,
    RESOLVED,
    SNOOZED,
    UNACKNOWLEDGED,
)
from shared.model.ids import CommandId, EventId
from shared.model.incident import Incident, fold
from shared.model.reminder import last_work, reminder_due_ms, unanswered_due_ms, with_reminder
from shared.model.slack_state import SlackState
from shared.model.thread_layout import is_wanted, layout_thread
from shared.slack.render.message_metadata import rebuild_lines
from shared.slack.render.thread_line import render_line
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot, webhook
from tests.shared.slack.test_message_metadata import message

AFTER = 1_800_000
MINUTE = 60_000
MONITORING = Agent("PINT001", "Datadog", "inbound_integration_reference")
TOOL = webhook(CUSTOM_FIELDS, NOON + 20 * MINUTE, MONITORING)


def folded(*events: Event, begun: Incident | None = None) -> Incident:
    """Fold events into an incident; what changes no state leaves it as it was."""
    incident = begun or fold(Incident(INCIDENT), webhook(ACKNOWLEDGED, NOON), NOON).incident
    for one in events:
        incident = fold(incident, replace(one, snapshot=one.snapshot if one.type in STATES else None), NOON).incident
    return incident


STATES = {ACKNOWLEDGED, UNACKNOWLEDGED, RESOLVED}
ASKED = with_reminder(folded(), AFTER)


@pytest.mark.parametrize(
    ("events", "since"),
    [
        ((), NOON),
        ((webhook(ANNOTATED, NOON + MINUTE, BOB),), NOON + MINUTE),
        ((webhook(ANNOTATED, NOON + MINUTE, BOB), TOOL), NOON + MINUTE),
        ((TOOL, webhook(ANNOTATED, NOON + MINUTE, BOB)), NOON + MINUTE),
    ],
    ids=["acknowledged", "a note", "a tool after it", "a tool told first"],
)
def test_the_time_runs_from_the_last_work_of_a_person(events: tuple[Event, ...], since: int) -> None:
    """Whoever's it was; what tools do is no sign that a person works."""
    assert since + AFTER == reminder_due_ms(folded(*events), AFTER)


@pytest.mark.parametrize(
    "incident",
    [
        folded(webhook(UNACKNOWLEDGED, NOON + MINUTE, None)),
        folded(webhook(RESOLVED, NOON + MINUTE)),
        folded(webhook(SNOOZED, NOON + MINUTE)),
        folded(webhook(SNOOZED, NOON + MINUTE), webhook(ANNOTATED, NOON + 2 * MINUTE)),
        replace(folded(), lines=()),
        Incident(INCIDENT),
    ],
    ids=["open again", "resolved", "snoozed", "snoozed, and a note", "never told who", "nothing known"],
)
def test_nothing_is_asked(incident: Incident) -> None:
    """An incident that is not acknowledged, is snoozed, or of whose acknowledgement nothing was told."""
    assert last_work(incident) is None
    assert with_reminder(incident, AFTER) is incident


def test_it_is_asked_once() -> None:
    """What was asked has a key of its own, and is asked again only after more work, also when that comes late."""
    [asking] = [line for line in ASKED.lines if line.type == REMINDED]
    assert (NOON + AFTER, "Alice Ng", str(NOON)) == (
        asking.at.ms, asking.detail_value("who"), asking.detail_value("since")
    )  # fmt: skip
    assert ASKED == with_reminder(ASKED, AFTER)
    assert reminder_due_ms(folded(webhook(ANNOTATED, NOON + MINUTE), begun=ASKED), AFTER) is None

    later = folded(webhook(ANNOTATED, NOON + 2 * AFTER), begun=ASKED)
    assert NOON + 3 * AFTER == reminder_due_ms(later, AFTER)
    assert 2 == sum(line.type == REMINDED for line in with_reminder(later, AFTER).lines)


def test_a_question_that_nobody_answers_is_due_after_a_second_time() -> None:
    """From when it was asked, however late that was; not once there is an answer, and not where that is not known."""
    late = NOON + 5 * AFTER
    asked = with_reminder(folded(), AFTER, late)

    assert late + MINUTE == unanswered_due_ms(asked, MINUTE)
    assert unanswered_due_ms(folded(), MINUTE) is None
    assert unanswered_due_ms(folded(webhook(ANNOTATED, NOON + 6 * AFTER), begun=asked), MINUTE) is None
    assert unanswered_due_ms(folded(webhook(UNACKNOWLEDGED, NOON + 6 * AFTER, None), begun=asked), MINUTE) is None
    forgotten = replace(asked, lines=tuple(replace(line, details=()) for line in asked.lines))
    assert unanswered_due_ms(forgotten, MINUTE) is None


def confirmed(after: int, agent: Agent = ALICE) -> Event:
    """Make what a press on "Still on it" leaves."""
    made = webhook(CONFIRMED, NOON + after, agent)
    return replace(made, id=EventId(f"answer:{after}"), source=Source.ANSWER, proven=True, command=CommandId("c1"))


def test_an_answer_is_part_of_the_question() -> None:
    """Both read as one message, which has no buttons any more; without a question it stands alone."""
    asked = layout_thread(ASKED.lines)
    answered = layout_thread(folded(confirmed(AFTER + MINUTE), begun=ASKED).lines)
    alone = layout_thread(folded(confirmed(MINUTE)).lines)

    assert [(ACKNOWLEDGED, False), (REMINDED, False)] == [(entry.line.type, entry.late) for entry in asked]
    assert [(REMINDED, True, [CONFIRMED])] == [
        (entry.line.type, entry.late, [side.type for side in entry.sides]) for entry in answered[1:]
    ]
    assert CONFIRMED == alone[-1].line.type
    offered = [len(render_line(INCIDENT, entry, snapshot()).blocks) for entry in (asked[1], answered[1])]
    assert [2, 1] == offered
    assert all(is_wanted(entry.line, "state") and entry.is_edited for entry in (asked[1], answered[1]))


def test_a_question_is_known_again_when_the_data_is_lost() -> None:
    """Its message brings back the line, so that nothing is asked twice."""
    entries = layout_thread(ASKED.lines)
    found = rebuild_lines(INCIDENT, [message(render_line(INCIDENT, entry), "1.1") for entry in entries])
    again = replace(ASKED, lines=found)

    assert reminder_due_ms(again, AFTER) is None
    assert SlackState(INCIDENT).lines == {}
    assert "It was acknowledged" in render_line(INCIDENT, layout_thread(found)[1], snapshot()).text
