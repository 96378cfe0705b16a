"""Whether an event has to be looked at: only where Slack, PagerDuty or a command's clicker may be told something."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bolt_app.read_path.projector import concerns_commands
from shared.model.actions import Action
from shared.model.command import Command, CommandRecord, SlackActor
from shared.model.event import Event, Ref, Source
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, ESCALATED, REASSIGNED, REOPENED, RESOLVED, TRIGGERED
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.model.incident import Incident, fold
from shared.model.outcome import Kind, Outcome
from shared.model.thread_layout import needs_pass
from tests.builders import ALICE, BOB, INCIDENT, NOON, answer, expectation, snapshot, webhook

OPEN = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON - 60_000), NOON).incident
EXPECTED = expectation(ACKNOWLEDGED, NOON, "c1")
ACTOR = SlackActor(SlackUserId("U0ALICE"), "T0")
COMMAND = Command(CommandId("c1"), Action.ACKNOWLEDGE, INCIDENT, ACTOR, ChannelId("C0"), None, "")


def folded(known: Incident, *events: Event) -> Incident:
    """Fold events one after the other."""
    for event in events:
        known = fold(known, event, NOON).incident
    return known


@pytest.mark.parametrize("event_type", [ACKNOWLEDGED, RESOLVED, ESCALATED, ANNOTATED])
def test_what_is_new_needs_a_pass(event_type: str) -> None:
    """It changes the card, or has a line of its own."""
    assert needs_pass(OPEN, folded(OPEN, webhook(event_type, NOON)))


@pytest.mark.parametrize(
    "reports",
    [
        (answer(ACKNOWLEDGED, NOON, "c1"), webhook(ACKNOWLEDGED, NOON + 300)),
        (webhook(ACKNOWLEDGED, NOON + 300), answer(ACKNOWLEDGED, NOON, "c1")),
        (webhook(ACKNOWLEDGED, NOON + 300), webhook(ACKNOWLEDGED, NOON + 300)),
    ],
)
def test_the_same_once_more_needs_none(reports: tuple[Event, Event]) -> None:
    """Answer and webhook tell of one act, in either order; and a delivery may come twice."""
    first, second = reports
    before = folded(replace(OPEN, expectations=(EXPECTED,)), first)

    assert not needs_pass(before, folded(before, second))


def test_links_and_names_that_another_source_spells_differently_need_none() -> None:
    """PagerDuty's answers lead to a service by another address than its webhooks."""
    elsewhere = replace(snapshot(), service=Ref("PSVC001", "Checkout", "https://acme.pagerduty.com/services/PSVC001"))

    assert not needs_pass(OPEN, replace(OPEN, snapshot=elsewhere))
    assert needs_pass(OPEN, replace(OPEN, snapshot=replace(elsewhere, title="Checkout is down")))


def test_a_time_that_decides_about_a_message_needs_a_pass() -> None:
    """Beside a new assignment, which shares a message with an acknowledgement of about the same time."""
    before = folded(
        replace(OPEN, expectations=(EXPECTED,)),
        answer(ACKNOWLEDGED, NOON, "c1"),
        webhook(REASSIGNED, NOON + 1900),
    )

    assert needs_pass(before, folded(before, webhook(ACKNOWLEDGED, NOON + 300)))


def test_a_read_that_is_needed_needs_a_pass() -> None:
    """The pass is what reads PagerDuty."""
    assert needs_pass(OPEN, replace(OPEN, needs_read=True))


EVENTS = st.one_of(
    st.builds(
        webhook,
        st.sampled_from([ACKNOWLEDGED, RESOLVED, REOPENED, TRIGGERED, ESCALATED]),
        st.integers(0, 6).map(lambda step: NOON + 500 * step - 1000),
        st.sampled_from([ALICE, BOB]),
    ),
    st.builds(answer, st.just(ACKNOWLEDGED), st.sampled_from([NOON, NOON + 1000]), st.just("c1")),
    st.builds(
        lambda event: replace(event, id=f"log:{event.id}", source=Source.LOG),
        st.builds(webhook, st.sampled_from([ACKNOWLEDGED, RESOLVED]), st.sampled_from([NOON, NOON + 1000])),
    ),
)


@given(st.lists(EVENTS, max_size=8), st.sampled_from([Kind.DONE, Kind.UNKNOWN]))
def test_no_clicker_is_forgotten(events: list[Event], kind: Kind) -> None:
    """Whatever comes: what shows that a command ended otherwise than was told wakes its incident's commands."""
    ended = CommandRecord(COMMAND, accepted_ms=NOON, calls=1, outcome=Outcome(kind), ended_ms=NOON + 100)
    known = replace(OPEN, expectations=(EXPECTED,))
    for event in events:
        after = folded(known, event)
        assert concerns_commands(known, after) or known.late_outcome(ended) == after.late_outcome(ended)
        known = after


def test_an_echo_of_what_was_answered_wakes_no_command() -> None:
    """Its clicker knows how it ended, and nothing has come to light."""
    answered = folded(replace(OPEN, expectations=(EXPECTED,)), answer(ACKNOWLEDGED, NOON, "c1"))

    assert not concerns_commands(answered, folded(answered, webhook(ACKNOWLEDGED, NOON + 300)))


def test_a_resolve_after_a_commands_acknowledge_wakes_no_command() -> None:
    """It has undone nothing: only a resolve that may have come before the acknowledge concerns its clicker."""
    acknowledged = folded(
        replace(OPEN, expectations=(EXPECTED,)), answer(ACKNOWLEDGED, NOON, "c1"), webhook(ACKNOWLEDGED, NOON + 300)
    )

    assert not concerns_commands(acknowledged, folded(acknowledged, webhook(RESOLVED, NOON + 400)))
    assert concerns_commands(acknowledged, folded(acknowledged, webhook(RESOLVED, NOON + 200)))
