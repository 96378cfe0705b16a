"""What a pass holds to be news."""

from typing import Any

import pytest

from bolt_app.read_path.channel_sync import ReconcilePass
from shared.model.event import Instant
from shared.model.event_types import ACKNOWLEDGED, TRIGGERED, Status
from shared.model.ids import MessageTs
from shared.model.incident import Incident, fold, settle
from shared.model.slack_state import MessageState, SlackState
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
