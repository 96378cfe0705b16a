"""What a pass holds to be news."""

from dataclasses import replace
from typing import Any

import pytest

from bolt_app.read_path.reconcile_pass import ReconcilePass
from shared.model.event import Instant
from shared.model.event_types import ACKNOWLEDGED, TRIGGERED, Status
from shared.model.ids import CommandId, MessageTs
from shared.model.incident import Incident, fold, settle
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from tests.builders import INCIDENT, NOON, snapshot, webhook

UNUSED: Any = None


def at_work(incident: Incident) -> ReconcilePass:
    """Make a pass over an incident, which needs no lease and no route to tell what is news."""
    assert incident.snapshot is not None
    return ReconcilePass(incident, incident.snapshot, UNUSED, SlackState(INCIDENT), UNUSED, UNUSED)


@pytest.mark.parametrize(("of_ms", "news"), [(NOON + 100, True), (NOON + 700, False)])
def test_what_happened_in_a_second_that_was_read_is_still_news(of_ms: int, news: bool) -> None:  # noqa: FBT001 -- of the table
    """A read knows whole seconds: one of the same second must not hide from the card what happened in it."""
    known = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON + 100), NOON).incident
    known = fold(known, webhook(ACKNOWLEDGED, NOON + 700), NOON).incident

    read = settle(known, snapshot(Status.ACKNOWLEDGED), Instant(NOON, 1000))

    assert news is at_work(read).has_news(MessageState(MessageTs("1.1"), state_ms=of_ms))
    assert at_work(read).has_news(MessageState())


@pytest.mark.parametrize(
    ("urgency", "command", "urgent"),
    [("high", None, True), ("low", None, False), ("low", CommandId("01PRESS"), True)],
)
def test_what_somebody_waits_for_goes_first(urgency: str, command: CommandId | None, urgent: bool) -> None:  # noqa: FBT001 -- of the table
    """High urgency, and what came of a press at any urgency; once it is shown, nothing of it goes before others."""
    known = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON), NOON).incident
    known = fold(known, webhook(ACKNOWLEDGED, NOON + 700), NOON).incident
    assert known.snapshot is not None
    lines = tuple(replace(line, command=command) for line in known.lines)
    pressed = replace(known, lines=lines, snapshot=replace(known.snapshot, urgency=urgency))

    assert urgent is at_work(pressed).is_urgent(MessageState(MessageTs("1.1"), state_ms=NOON))
    assert not at_work(pressed).is_urgent(MessageState(MessageTs("1.1"), state_ms=NOON + 700))
